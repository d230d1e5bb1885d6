//! `cargo dev chaos`.

mod record;
mod replay;
mod run;

use std::collections::BTreeMap;
use std::process::ExitCode;

use harmonix_dev::chaos::plan::{self, Family, Plan};
use harmonix_dev::chaos::report::Report;
use harmonix_dev::chaos::share::Share;
use harmonix_dev::chaos::{proof, seeded, shipped};
use harmonix_dev::failure::Failure;
use harmonix_dev::progress::Progress;
use harmonix_dev::world::name::checkout;

use crate::cli::{Chaos, PlanList, Proof};

/// Does what is asked of chaos.
pub async fn run(arguments: &Chaos) -> Result<ExitCode, Failure> {
    match arguments {
        Chaos::Record(record) => record::run(record).await,
        Chaos::Plan(list) => show(list),
        Chaos::Run(plans) => run::run(plans).await,
        Chaos::Replay(plan) => replay::run(plan).await,
        Chaos::Report(asked) => {
            let report = Report::of_parts(&asked.parts)?;
            if let Some(path) = &asked.report {
                report.write(path)?;
            }
            println!("{report}");
            Ok(ExitCode::SUCCESS)
        }
        Chaos::Sim(asked) => proved("sim", asked),
        Chaos::Model(asked) => proved("model", asked),
        Chaos::Seeded(asked) => {
            let found = seeded::run(asked, &Progress::on_standard_error()).await?;
            Ok(if found {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
        Chaos::Shipped => {
            shipped::prove(&Progress::on_standard_error()).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn proved(what: &str, asked: &Proof) -> Result<ExitCode, Failure> {
    let arguments: Vec<_> = std::iter::once(what.into())
        .chain(asked.options.iter().cloned())
        .collect();
    let status = proof::run(checkout(), &arguments)?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn show(list: &PlanList) -> Result<ExitCode, Failure> {
    let plans = chosen(&list.ids, list.share)?;
    if !list.count {
        for plan in &plans {
            println!("{}", plan.id);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut counts: BTreeMap<Family, usize> = BTreeMap::new();
    for plan in &plans {
        *counts.entry(plan.family).or_default() += 1;
    }
    for (family, count) in counts {
        println!("{family:<4} {count:>6}  {}", family.about());
    }
    println!("all  {:>6}", plans.len());
    Ok(ExitCode::SUCCESS)
}

/// Answers the plans that are meant by ids or beginnings of ids, or all; of these the share.
fn chosen(ids: &[String], share: Option<Share>) -> Result<Vec<Plan>, Failure> {
    let mut plans = plan::all()?;
    let meant = |plan: &Plan, id: &String| plan.id.starts_with(id.as_str());
    if let Some(none) = ids
        .iter()
        .find(|id| !plans.iter().any(|plan| meant(plan, id)))
    {
        return Err(Failure::new(format!(
            "no plan's id begins with {none:?}: `cargo dev chaos plan` lists all"
        )));
    }
    plans.retain(|plan| ids.is_empty() || ids.iter().any(|id| meant(plan, id)));
    plans.retain(|plan| share.is_none_or(|share| share.has(&plan.id)));
    Ok(plans)
}

/// Comes back when somebody ends the command.
async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
