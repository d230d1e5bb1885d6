//! What pods find at the node's address: the world around the node, and its names.
//!
//! Everything in a world listens on loopback, which pods have one of their own of. Here the same ports answer at the node's
//! address, too.

use std::net::Ipv4Addr;

use clap::Args;
use futures::future::try_join_all;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::ADDRESS;
use super::names::{self, Names};
use crate::failure::{Doing, Failure};

/// What is passed on, and what is called how.
#[derive(Debug, Clone, Args)]
pub struct DoorArgs {
    /// Name, and the address that it has
    #[arg(long = "name", value_name = "NAME=ADDRESS", value_parser = named)]
    names: Vec<(String, Ipv4Addr)>,
    /// Ports on 127.0.0.1
    #[arg(required = true)]
    ports: Vec<u16>,
}

fn named(text: &str) -> Result<(String, Ipv4Addr), String> {
    let (name, address) = text.split_once('=').ok_or("it has the form NAME=ADDRESS")?;
    let address = address
        .parse()
        .map_err(|error| format!("{address:?} is no address: {error}"))?;
    Ok((name.to_lowercase(), address))
}

/// Passes connections on, and answers names, until it is ended.
pub async fn serve(arguments: &DoorArgs) -> Result<(), Failure> {
    let names: Names = arguments.names.iter().cloned().collect();
    let doors = try_join_all(arguments.ports.iter().map(|port| pass(*port)));
    tokio::try_join!(doors, names::serve(&names)).map(drop)
}

async fn pass(port: u16) -> Result<(), Failure> {
    let what = || format!("listen on {ADDRESS}:{port}");
    let listener = TcpListener::bind((ADDRESS, port)).await.doing(what)?;
    loop {
        let (mut inner, _) = listener.accept().await.doing(what)?;
        tokio::spawn(async move {
            // Each side learns from its own end that the other has gone.
            if let Ok(mut outer) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await {
                let _ = copy_bidirectional(&mut inner, &mut outer).await;
            }
        });
    }
}
