//! What the real library of kstatus makes of every kind at every stage of its life, and that `docs/gitops.md` says so.

use std::process::Command;

use serde_json::Value;

use super::life::{self, KINDS, Moment, Seen};
use super::mirror::{Kstatus, kstatus};
use super::page;
use super::tool;

/// kstatus' word for provider, environment and application.
const TABLE: [(Moment, [Kstatus; 3]); 9] = {
    use Kstatus::{Current, Failed, InProgress, Terminating};
    [
        (Moment::Created, [InProgress, InProgress, InProgress]),
        (Moment::Progressing, [InProgress, InProgress, InProgress]),
        (Moment::Ready, [Current, Current, Current]),
        (Moment::Failed, [Failed, InProgress, Failed]),
        (Moment::Stuck, [InProgress, InProgress, InProgress]),
        (Moment::Edited, [InProgress, InProgress, InProgress]),
        (Moment::Suspended, [Current, Current, Current]),
        (Moment::Held, [InProgress, InProgress, InProgress]),
        (Moment::Deleting, [Terminating, Terminating, Terminating]),
    ]
};

/// What the library that Flux uses says of objects, one line for each.
fn computed<'a>(objects: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let input: String = objects.map(|object| format!("{object}\n")).collect();
    let output = tool::run(
        Command::new(tool::program("HARMONIX_KSTATUS", "kstatus")),
        &input,
    );
    assert!(output.status.success(), "{}", tool::said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn row(seen: &Seen) -> String {
    format!("{} {:?}", seen.object["kind"], seen.moment)
}

#[tokio::test]
async fn kstatus_says_of_every_kind_at_every_stage_of_its_life_what_is_so() {
    let life = life::all().await;
    assert_eq!(life.len(), TABLE.len() * KINDS.len());
    let words = computed(life.iter().map(|seen| &seen.object));
    assert_eq!(words.len(), life.len());
    let mut wrong = Vec::new();
    for (seen, word) in life.iter().zip(&words) {
        let kind = KINDS.iter().position(|kind| seen.object["kind"] == *kind);
        let (_, expected) = TABLE.iter().find(|(m, _)| *m == seen.moment).unwrap();
        let expected = format!("{:?}", expected[kind.unwrap()]);
        println!("{:40} {word}", row(seen));
        if word["status"] != expected.as_str() {
            wrong.push(format!(
                "{}: {word}, not {expected}: {:#}",
                row(seen),
                seen.object
            ));
        }
        // The rules as the pure tests know them.
        let mirrored = format!("{:?}", kstatus(&seen.object));
        if word["status"] != mirrored.as_str() {
            wrong.push(format!("{}: {word}, the mirror {mirrored}", row(seen)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_is_not_current_says_why_in_a_sentence_of_ours() {
    let life = life::all().await;
    let words = computed(life.iter().map(|seen| &seen.object));
    for (seen, word) in life.iter().zip(&words) {
        let message = word["message"].as_str().unwrap();
        let told = match seen.moment {
            Moment::Progressing | Moment::Failed | Moment::Stuck | Moment::Held => {
                let conditions = seen.object["status"]["conditions"].as_array().unwrap();
                conditions.iter().any(|c| c["message"] == message)
            }
            Moment::Created
            | Moment::Ready
            | Moment::Edited
            | Moment::Suspended
            | Moment::Deleting => !message.is_empty(),
        };
        assert!(told, "{}: {word}", row(seen));
    }
}

#[test]
fn the_page_says_of_every_moment_what_kstatus_says() {
    for (moment, words) in TABLE {
        let words = words.map(|word| format!("{word:?}"));
        assert_eq!(page::row(moment)[..3], words, "{moment:?}");
    }
}
