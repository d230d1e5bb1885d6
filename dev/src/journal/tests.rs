use super::*;

fn entry(action: &str) -> Entry {
    Entry {
        time: Timestamp::UNIX_EPOCH,
        arrived: None,
        service: "gitlab".into(),
        method: "POST".into(),
        path: "/api/v4/projects".into(),
        action: action.into(),
        actor: "harmonix".into(),
        account: None,
        resource: None,
        mutating: true,
        status: 201,
        detail: Map::new(),
        label: None,
        fault: None,
    }
}

#[test]
fn entries_are_read_back_in_the_order_they_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("journal/gitlab.jsonl")).unwrap();
    journal.record(&entry("projects.create"));
    journal.record(&entry("commits.create"));
    let again = Journal::open(folder.path().join("journal/gitlab.jsonl")).unwrap();
    again.record(&entry("pipelines.create"));
    let actions: Vec<_> = journal
        .entries()
        .unwrap()
        .into_iter()
        .map(|e| e.action)
        .collect();
    assert_eq!(
        actions,
        ["projects.create", "commits.create", "pipelines.create"]
    );
}

#[test]
fn a_journal_that_was_never_written_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(read(&folder.path().join("none.jsonl")).unwrap(), Vec::new());
}

#[test]
fn a_journal_is_read_from_a_line_on_also_past_what_was_read_before() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path().join("gitlab.jsonl")).unwrap();
    let from = |first| -> Vec<_> {
        let entries = journal.entries_from(first).unwrap();
        entries.into_iter().map(|entry| entry.action).collect()
    };
    ["a", "b"]
        .iter()
        .for_each(|action| journal.record(&entry(action)));
    assert_eq!(from(0), ["a", "b"]);
    assert_eq!(from(1), ["b"]);
    assert!(from(2).is_empty());
    ["c", "d"]
        .iter()
        .for_each(|action| journal.record(&entry(action)));
    assert_eq!(from(2), ["c", "d"]);
    assert_eq!(from(3), ["d"]);
    assert!(from(9).is_empty());
    assert_eq!(from(0), ["a", "b", "c", "d"]);
}

#[test]
fn a_line_that_is_still_being_written_is_left_for_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gitlab.jsonl");
    let journal = Journal::open(&path).unwrap();
    journal.record(&entry("a"));
    let mut other = File::options().append(true).open(&path).unwrap();
    let line = serde_json::to_vec(&entry("b")).unwrap();
    let (half, rest) = line.split_at(line.len() / 2);
    other.write_all(half).unwrap();
    assert_eq!(journal.entries_from(0).unwrap().len(), 1);
    other.write_all(rest).unwrap();
    other.write_all(b"\n").unwrap();
    assert_eq!(journal.entries_from(1).unwrap(), [entry("b")]);
}

#[test]
fn a_label_stands_in_its_entry_as_one_text() {
    let mut labelled = entry("projects.create");
    labelled.label = Some(Label::new("Application", "gitlab", "projects.create", "-"));
    let written = serde_json::to_value(&labelled).unwrap();
    assert_eq!(written["label"], "Application/gitlab/projects.create/-");
    assert_eq!(serde_json::from_value::<Entry>(written).unwrap(), labelled);
}

#[test]
fn what_a_fault_kept_from_being_served_took_no_effect() {
    let with = |fault: Option<&str>, status| Entry {
        fault: fault.map(str::to_owned),
        status,
        ..entry("projects.create")
    };
    for (fault, status, expected) in [
        (None, 201, true),
        (None, 409, false),
        (Some("lost_answer"), 201, true),
        (Some("kill_applied"), 201, true),
        (Some("late"), 409, false),
        (Some("refuse"), 0, false),
        (Some("garbage"), 200, false),
        (Some("kill_before"), 0, false),
    ] {
        assert_eq!(with(fault, status).took_effect(), expected, "{fault:?}");
    }
    let read = Entry {
        mutating: false,
        ..entry("projects.get")
    };
    assert!(!read.took_effect());
}
