//! What is exported: it does not grow with what there is, and the page and the rules speak of nothing else.
//!
//! `HARMONIX_UPDATE=1 cargo test --test cli metrics` writes the table of the page.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use harmonix::adapters::meter::Meter;
use harmonix_miniature::{Runner, World, application};

/// A world with so many applications in one environment that nobody has looked at yet, and its meter.
fn applied(applications: usize) -> (Runner, Arc<Meter>) {
    let world = World::with_stages(&[("dev", 1)]);
    {
        let mut state = world.state();
        state.applications.clear();
        for number in 0..applications {
            state.put_application(application(&format!("cart-{number}"), &["dev"]));
        }
    }
    let meter = Arc::new(Meter::new(Arc::new(world.clone())));
    meter.count_in(Arc::new(world.clone()));
    (Runner::watched(world, meter.clone()), meter)
}

/// The same, after everything has come to rest.
fn settled(applications: usize) -> (Runner, Arc<Meter>) {
    let (mut runner, meter) = applied(applications);
    runner.settle();
    runner.assert_sound();
    (runner, meter)
}

/// Every series there is: its name and its labels.
fn series(text: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.rsplit_once(' '))
        .map(|(series, _)| series.to_owned())
        .collect()
}

fn value(text: &str, series: &str) -> f64 {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("there is no {series} in\n{text}"))
        .parse()
        .unwrap()
}

fn is(text: &str, series: &str, wanted: f64) {
    let value = value(text, series);
    assert!(
        (value - wanted).abs() < f64::EPSILON,
        "{series} is {value}, not {wanted}"
    );
}

const CREATED: &str =
    "harmonix_effects_total{kind=\"Application\",action=\"CreateProject\",result=\"done\"}";
const READY: &str = "harmonix_objects{kind=\"Application\",ready=\"true\"}";
const NOT_READY: &str = "harmonix_objects{kind=\"Application\",ready=\"false\"}";

#[test]
fn there_are_as_many_series_with_a_thousand_applications_as_with_ten_and_with_none() {
    let none = Meter::new(Arc::new(World::new())).text();
    let (_, ten) = settled(10);
    let ten = ten.text();
    is(&ten, READY, 10.0);
    is(&ten, CREATED, 10.0);
    let arrived = "harmonix_time_to_ready_seconds_count{kind=\"Application\"}";
    is(&ten, arrived, 10.0);
    let waited = "harmonix_blocked_seconds_total{kind=\"Application\",by=\"pipeline\"}";
    assert!(value(&ten, waited) > 0.0);

    // Not until they are at rest, which takes long: their place comes first, then each has its repository.
    let (mut runner, thousand) = applied(1000);
    for name in ["dev-place"; 12] {
        runner.provider(name);
        runner.world.state().finish_pipelines();
        runner.world.state().second += 30;
    }
    runner.round();
    let thousand = thousand.text();
    is(&thousand, NOT_READY, 1000.0);
    is(&thousand, CREATED, 1000.0);

    println!("series at 10 applications: {}", series(&ten).len());
    println!("series at 1,000 applications: {}", series(&thousand).len());
    assert_eq!(series(&ten), series(&thousand));
    assert_eq!(series(&none), series(&thousand));
}

#[test]
fn what_is_gone_is_waited_for_no_longer() {
    let (mut runner, meter) = settled(1);
    is(&meter.text(), READY, 1.0);
    runner.world.state().delete("cart-0");
    runner.go_on();
    let text = meter.text();
    is(
        &text,
        "harmonix_passes_total{kind=\"Application\",result=\"released\"}",
        1.0,
    );
    is(&text, READY, 0.0);
}

/// A metric, as the text of the registry describes it.
#[derive(Default)]
struct Metric {
    kind: String,
    help: String,
    labels: BTreeMap<String, BTreeSet<String>>,
}

/// Every metric by its name; of a counter, with the suffix under which Prometheus keeps it.
fn metrics() -> BTreeMap<String, Metric> {
    let text = Meter::new(Arc::new(World::new())).text();
    let mut found: BTreeMap<String, Metric> = BTreeMap::new();
    let mut kinds: BTreeMap<String, String> = BTreeMap::new();
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|l| l.split_once(' ')) {
            kinds.insert(name.into(), kind.into());
        } else if let Some((name, help)) =
            line.strip_prefix("# HELP ").and_then(|l| l.split_once(' '))
        {
            helps.insert(name.into(), help.trim_end_matches('.').into());
        } else if let Some((series, _)) = line.rsplit_once(' ') {
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let family = kinds
                .keys()
                .filter(|family| name.starts_with(family.as_str()))
                .max_by_key(|family| family.len());
            let Some(family) = family else { continue };
            let kind = &kinds[family];
            let shown = match kind.as_str() {
                "counter" | "info" => name,
                _ => family,
            };
            let metric = found.entry(shown.to_owned()).or_default();
            metric.kind.clone_from(kind);
            metric.help.clone_from(&helps[family]);
            for label in labels.trim_end_matches('}').split("\",") {
                let Some((label, value)) = label.split_once("=\"") else {
                    continue;
                };
                if label != "le" {
                    let values = metric.labels.entry(label.to_owned()).or_default();
                    values.insert(value.trim_end_matches('"').to_owned());
                }
            }
        }
    }
    found
}

const BEGIN: &str = "<!-- metrics: begin -->\n";
const END: &str = "<!-- metrics: end -->";

/// The table of the page.
fn table() -> String {
    let mut table = String::from("| metric | type | what it tells | labels |\n|---|---|---|---|\n");
    for (name, metric) in metrics() {
        let labels: Vec<String> = metric
            .labels
            .iter()
            .map(|(label, values)| {
                if label == "version" {
                    return format!("`{label}`");
                }
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                format!("`{label}`: {}", values.join(", "))
            })
            .collect();
        let row = format!(
            "| `{name}` | {} | {} | {} |\n",
            metric.kind,
            metric.help,
            labels.join("; ")
        );
        table.push_str(&row);
    }
    table
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_page_lists_every_metric_as_it_is() {
    let path = root().join("docs/metrics.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark");
    let (committed, after) = rest.split_once(END).expect("the page has the mark");
    let wanted = table();
    if std::env::var_os("HARMONIX_UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert!(
        committed == wanted,
        "docs/metrics.md is not fresh; run: HARMONIX_UPDATE=1 cargo test --test cli metrics"
    );
}

/// Every name of ours in a text.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !is_part(c))
        .filter(|word| word.starts_with("harmonix_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_metric_that_the_dashboard_and_the_rules_name_is_exported() {
    let known = metrics();
    for file in [
        "charts/harmonix/dashboards/harmonix.json",
        "charts/harmonix/alerts/harmonix.yaml",
    ] {
        let text = std::fs::read_to_string(root().join(file)).unwrap();
        let names = named(&text);
        assert!(names.len() > 5, "{file} names {names:?}");
        for name in names {
            let family = ["_bucket", "_count", "_sum"]
                .iter()
                .find_map(|suffix| name.strip_suffix(suffix))
                .filter(|family| known.get(*family).is_some_and(|m| m.kind == "histogram"));
            assert!(
                known.contains_key(family.unwrap_or(&name)),
                "{file} names {name}, which is not exported"
            );
        }
    }
}

#[test]
fn every_metric_is_on_the_dashboard() {
    let text = root().join("charts/harmonix/dashboards/harmonix.json");
    let shown = named(&std::fs::read_to_string(text).unwrap());
    for name in metrics().into_keys() {
        assert!(
            shown.iter().any(|shown| shown.starts_with(&name)),
            "the dashboard does not show {name}"
        );
    }
}

#[test]
fn every_alert_says_where_its_runbook_is() {
    let text = root().join("charts/harmonix/alerts/harmonix.yaml");
    let rules: serde_json::Value =
        serde_saphyr::from_str(&std::fs::read_to_string(text).unwrap()).unwrap();
    let page = std::fs::read_to_string(root().join("docs/operate.md")).unwrap();
    let mut alerts = 0;
    for group in rules["groups"].as_array().unwrap() {
        for rule in group["rules"].as_array().unwrap() {
            let Some(name) = rule["alert"].as_str() else {
                continue;
            };
            alerts += 1;
            let note = |key: &str| rule["annotations"][key].as_str().unwrap_or_default();
            assert!(
                page.contains(&format!("\n### {name}\n")),
                "{name} is not on the page"
            );
            let anchor = format!("docs/operate.md#{}", name.to_ascii_lowercase());
            assert!(
                note("runbook").ends_with(&anchor),
                "{name}: {}",
                note("runbook")
            );
            assert!(note("summary").len() > 20, "{name}");
            assert!(note("description").len() > 40, "{name}");
            let severity = rule["labels"]["severity"].as_str().unwrap_or_default();
            assert!(["critical", "warning"].contains(&severity), "{name}");
        }
    }
    assert!(alerts >= 8, "{alerts} alerts");
}
