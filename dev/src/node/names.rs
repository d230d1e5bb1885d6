//! The names that pods know: as much of DNS as a resolver asks of a cluster's.
//!
//! A name of ours has one address (A); it has no others, and any other name does not exist. One question in a packet, over
//! UDP: no resolver asks otherwise.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use tokio::net::UdpSocket;

use super::ADDRESS;
use crate::failure::{Doing, Failure};

const PORT: u16 = 53;
const HEADER: usize = 12;
/// Type A, class IN: all that is ever asked of the internet's names here.
const ADDRESS_OF_A_NAME: [u8; 4] = [0, 1, 0, 1];
/// A response with authority, whose recursion flags say that nobody else is asked.
const ANSWERED: [u8; 2] = [0x84, 0x00];
const NO_SUCH_NAME: [u8; 2] = [0x84, 0x03];
/// The answer is about the name in the question, which begins after the header.
const THE_SAME_NAME: [u8; 2] = [0xc0, 0x0c];
const SECONDS: [u8; 4] = [0, 0, 0, 5];

/// Names and their addresses; in lower case, without a dot at the end.
pub type Names = BTreeMap<String, Ipv4Addr>;

/// Answers until it is ended.
pub async fn serve(names: &Names) -> Result<(), Failure> {
    let what = || format!("answer names on {ADDRESS}:{PORT}");
    let socket = UdpSocket::bind((ADDRESS, PORT)).await.doing(what)?;
    let mut buffer = [0; 512];
    loop {
        let (length, asker) = socket.recv_from(&mut buffer).await.doing(what)?;
        let answer = buffer
            .get(..length)
            .and_then(|question| answer(question, names));
        if let Some(answer) = answer {
            // Whoever has gone meanwhile needs no answer.
            let _ = socket.send_to(&answer, asker).await;
        }
    }
}

/// Answers a packet; nothing where it is no question.
fn answer(packet: &[u8], names: &Names) -> Option<Vec<u8>> {
    let (id, rest) = packet.split_at_checked(2)?;
    // A response is no question.
    if rest.first()? & 0x80 != 0 {
        return None;
    }
    let (name, end) = name(packet, HEADER)?;
    let kind = packet.get(end..end + 4)?;
    let question = packet.get(HEADER..end + 4)?;
    let address = names.get(&name);
    let found = address.filter(|_| kind == ADDRESS_OF_A_NAME);

    let mut answer = id.to_vec();
    answer.extend(if address.is_some() {
        ANSWERED
    } else {
        NO_SUCH_NAME
    });
    answer.extend([0, 1, 0, u8::from(found.is_some()), 0, 0, 0, 0]);
    answer.extend(question);
    if let Some(address) = found {
        answer.extend(THE_SAME_NAME);
        answer.extend(ADDRESS_OF_A_NAME);
        answer.extend(SECONDS);
        answer.extend([0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

/// Reads the name that begins here; answers it and where it ends.
fn name(packet: &[u8], begin: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    let mut place = begin;
    loop {
        let length = usize::from(*packet.get(place)?);
        place += 1;
        if length == 0 {
            return Some((labels.join("."), place));
        }
        let label = packet.get(place..place + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        place += length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(name: &str, kind: u8) -> Vec<u8> {
        let mut packet = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            packet.push(u8::try_from(label.len()).unwrap());
            packet.extend(label.as_bytes());
        }
        packet.extend([0, 0, kind, 0, 1]);
        packet
    }

    fn names() -> Names {
        Names::from([("git.internal".to_owned(), Ipv4Addr::new(10, 1, 2, 3))])
    }

    #[test]
    fn a_name_has_its_address_however_it_is_written() {
        let answer = answer(&question("Git.Internal", 1), &names()).unwrap();
        assert_eq!(answer[..8], [7, 9, 0x84, 0, 0, 1, 0, 1]);
        assert_eq!(answer[answer.len() - 4..], [10, 1, 2, 3]);
    }

    #[test]
    fn a_name_without_an_address_of_the_kind_exists_all_the_same() {
        let answer = answer(&question("git.internal", 28), &names()).unwrap();
        assert_eq!(answer[2..8], [0x84, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn any_other_name_does_not_exist() {
        let asked = question("git.internal.svc.cluster.local", 1);
        let answer = answer(&asked, &names()).unwrap();
        assert_eq!(answer[2..8], [0x84, 3, 0, 1, 0, 0]);
    }

    #[test]
    fn what_is_no_question_is_not_answered() {
        let mut response = question("git.internal", 1);
        response[2] = 0x84;
        assert_eq!(answer(&response, &names()), None);
        assert_eq!(answer(&question("git.internal", 1)[..15], &names()), None);
        assert_eq!(answer(&[7], &names()), None);
    }
}
