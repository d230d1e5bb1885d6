//! Text that means harm, in every field that takes text: it stays the value it was given as, and never
//! becomes a line, a key, a script or a name.

use harmonix::api::Variable;
use harmonix::domain::render::pipeline::PipelineFile;
use proptest::prelude::*;
use serde_json::Value;

use super::{application_files, provider_files, schema_errors, text};
use crate::world::{application, environment, provider, settings};

/// Whole texts, and pieces that texts are made of.
const PIECES: [&str; 36] = [
    "\nscript: [evil]",
    "\n  - evil",
    "$(id)",
    "`id`",
    "${CI_JOB_TOKEN}",
    "$CI_JOB_TOKEN",
    "!reference [a, script]",
    "&anchor",
    "*anchor",
    "<<: *x",
    "---",
    "...",
    "\r\n",
    "\t",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{85}",
    "\u{2028}script: evil",
    "\u{2029}",
    "\u{feff}",
    "\u{202e}",
    "'",
    "\"",
    "\\",
    "#",
    ": ",
    "{{ x }}",
    "%{if true}",
    "yes",
    "017",
    "1:30",
    "2001-01-01",
    "~",
    "@sha256:",
    "]",
    "\u{1f6d2}",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(PIECES.to_vec()).prop_map(str::to_owned),
        1 => "[a-z ]{0,8}",
        1 => any::<char>().prop_filter("NUL is refused", |c| *c != '\0').prop_map(String::from),
    ];
    prop_oneof![
        8 => prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        1 => Just("long ".repeat(500)),
    ]
}

/// The same on one line, as fields for people take it.
fn one_line() -> impl Strategy<Value = String> {
    hostile().prop_map(|text| {
        let line = |c: &char| !c.is_ascii_control();
        text.chars().filter(line).take(100).collect()
    })
}

/// Characters that some parsers take for the end of a line must be escaped wherever they stand.
fn assert_no_odd_line_end(yaml: &str) -> Result<(), TestCaseError> {
    let odd = |c: char| {
        matches!(
            c,
            '\u{85}' | '\u{2028}' | '\u{2029}' | '\r' | '\u{b}' | '\u{c}'
        )
    };
    prop_assert!(!yaml.contains(odd), "{yaml:?}");
    Ok(())
}

/// A pipeline file without the values of its variables.
fn skeleton(yaml: &str) -> PipelineFile {
    let mut file = PipelineFile::from_yaml(yaml).unwrap();
    for job in file.jobs.values_mut() {
        for variable in job.variables.values_mut() {
            assert!(!variable.expand);
            variable.value.clear();
        }
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_applications_texts_stay_what_they_are(
        title in one_line(), description in one_line(), owner in one_line(), system in one_line(),
        value in hostile(), of_job in hostile(),
    ) {
        let parts = |settings: &_| {
            let mut cart = application("cart", &["dev"]);
            cart.spec.title = Some(title.clone());
            cart.spec.description = Some(description.clone());
            cart.spec.owner = Some(owner.clone());
            cart.spec.system = Some(system.clone());
            cart.spec.environments[0].variables =
                vec![Variable { name: "TEXT".into(), value: Some(value.clone()), secret_arn: None }];
            let stages = [environment("dev", 1, &["dev-place"])];
            application_files(&cart, &stages, &[provider("dev-place")], settings).unwrap()
        };
        let plain = parts(&settings());
        let mut with_job = settings();
        with_job.job_variables = vec![("OF_JOB".into(), of_job.clone())];
        let files = parts(&with_job);

        let yaml = text(&files, ".harmonix/pipeline.yml");
        let file = PipelineFile::from_yaml(yaml).unwrap();
        prop_assert_eq!(file.to_yaml(), yaml);
        prop_assert_eq!(&file.jobs["harmonix-build"].variables["OF_JOB"].value, &of_job);
        prop_assert!(schema_errors(yaml).is_empty(), "{:?}", schema_errors(yaml));
        assert_no_odd_line_end(yaml)?;
        let mut bare = skeleton(yaml);
        for job in bare.jobs.values_mut() {
            job.variables.remove("OF_JOB");
        }
        prop_assert_eq!(bare, skeleton(text(&plain, ".harmonix/pipeline.yml")), "only values differ");

        let parameters: Value =
            serde_json::from_str(text(&files, ".harmonix/environments/dev.tfvars.json")).unwrap();
        prop_assert_eq!(&parameters["variables"]["TEXT"], &Value::from(value));

        let info = text(&files, "catalog-info.yaml");
        let entity: Value = serde_saphyr::from_str(info).unwrap();
        assert_no_odd_line_end(info)?;
        prop_assert_eq!(&entity["metadata"]["title"], &Value::from(title));
        prop_assert_eq!(&entity["metadata"]["description"], &Value::from(description));
        prop_assert_eq!(&entity["spec"]["owner"], &Value::from(owner));
        prop_assert_eq!(&entity["spec"]["system"], &Value::from(system));
        prop_assert_eq!(entity.as_object().unwrap().len(), 4);
    }

    #[test]
    fn a_places_texts_stay_what_they_are(
        title in one_line(), description in one_line(), owner in one_line(), of_job in hostile(),
    ) {
        let mut place = provider("dev-place");
        place.spec.title = Some(title.clone());
        place.spec.description = Some(description.clone());
        place.spec.owner = Some(owner.clone());
        let mut settings = settings();
        settings.job_variables = vec![("OF_JOB".into(), of_job.clone())];
        let files = provider_files(&place, &settings).unwrap();
        let yaml = text(&files, ".harmonix/pipeline.yml");
        let file = PipelineFile::from_yaml(yaml).unwrap();
        prop_assert_eq!(file.to_yaml(), yaml);
        prop_assert_eq!(&file.jobs["provision"].variables["OF_JOB"].value, &of_job);
        prop_assert!(schema_errors(yaml).is_empty(), "{:?}", schema_errors(yaml));
        assert_no_odd_line_end(yaml)?;
        let info = text(&files, "catalog-info.yaml");
        let entity: Value = serde_saphyr::from_str(info).unwrap();
        assert_no_odd_line_end(info)?;
        prop_assert_eq!(&entity["metadata"]["title"], &Value::from(title));
        prop_assert_eq!(&entity["metadata"]["description"], &Value::from(description));
        prop_assert_eq!(&entity["spec"]["owner"], &Value::from(owner));
    }

    #[test]
    fn what_would_not_stay_on_its_line_is_refused(text in hostile(), field in 0..4_usize) {
        prop_assume!(text.chars().any(|c| c.is_ascii_control()));
        let mut cart = application("cart", &["dev"]);
        match field {
            0 => cart.spec.title = Some(text),
            1 => cart.spec.description = Some(text),
            2 => cart.spec.owner = Some(text),
            _ => cart.spec.system = Some(text),
        }
        let stages = [environment("dev", 1, &["dev-place"])];
        prop_assert!(application_files(&cart, &stages, &[provider("dev-place")], &settings()).is_err());
    }
}
