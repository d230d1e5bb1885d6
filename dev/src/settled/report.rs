//! What was found, as a person reads it.

use std::fmt;
use std::time::Duration;

use super::count::is_write;
use crate::demo::call::{Call, System};
use crate::demo::tally;
use crate::demo::text::table;

/// What a settled world cost.
#[derive(Debug, Clone)]
pub struct Found {
    /// The world.
    pub world: String,
    /// How many objects were Ready, before and after.
    pub objects: usize,
    /// After how long the controller was ended and started again.
    pub restarted: Duration,
    /// How long was looked.
    pub took: Duration,
    /// What the controller and pipelines called meanwhile, by time.
    pub calls: Vec<Call>,
    /// What the controller said meanwhile, its start and its end left out.
    pub lines: Vec<String>,
}

impl Found {
    /// Answers the writes.
    pub fn writes(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| is_write(call))
    }

    /// Answers whether nothing was written anywhere, the log included, while something was looked at everywhere: a
    /// controller that does not run writes nothing either.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.writes().next().is_none()
            && self.lines.is_empty()
            && HOSTS.iter().all(|host| self.reads(*host) > 0)
    }

    fn reads(&self, host: System) -> usize {
        let reads = self.calls.iter().filter(|call| !call.mutating);
        reads.filter(|call| call.system == host).count()
    }

    fn row(&self, host: System) -> [String; 4] {
        let writes = self.writes().filter(|call| call.system == host).count();
        let reads = self.reads(host);
        let rate = reads as f64 * 60.0 / self.took.as_secs_f64();
        [
            host.name().to_owned(),
            writes.to_string(),
            reads.to_string(),
            format!("{rate:.1}"),
        ]
    }

    fn verdict(&self) -> String {
        let writes: Vec<String> = self
            .writes()
            .map(|call| {
                let Call {
                    time,
                    verb,
                    what,
                    about,
                    status,
                    ..
                } = call;
                format!(
                    "\n    {time} {}: {verb} {what} {about} ({status})",
                    call.system.name()
                )
            })
            .collect();
        let silent: Vec<&str> = HOSTS
            .iter()
            .filter(|host| self.reads(**host) == 0)
            .map(|host| host.name())
            .collect();
        let said: Vec<String> = self
            .lines
            .iter()
            .map(|line| format!("\n    {line}"))
            .collect();
        match (writes.len(), said.len(), silent.as_slice()) {
            (0, 0, []) => "ok: 0 writes anywhere, 0 lines in the controller's log".to_owned(),
            (0, 0, silent) => format!(
                "MISSED: nothing was read from {}, so nothing was proven",
                silent.join(", ")
            ),
            (count, lines, _) => format!(
                "MISSED: {count} writes{}\n  and {lines} lines in the controller's log{}",
                writes.concat(),
                said.concat()
            ),
        }
    }
}

const HOSTS: [System; 3] = [System::GitLab, System::Aws, System::Kubernetes];

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "The world {} was settled for {}, in which the controller was started again after {}; {} objects were Ready before \
             and after.\n",
            self.world,
            minutes(self.took),
            minutes(self.restarted),
            self.objects
        )?;
        let header = ["HOST", "WRITES", "READS", "READS A MINUTE"];
        let rows = HOSTS.map(|host| self.row(host));
        writeln!(f, "{}\n", table(header, rows))?;
        let header = ["SYSTEM", "KIND", "VERB", "OF", "CALLS"];
        writeln!(f, "{}\n", table(header, tally::of_controller(&self.calls)))?;
        write!(
            f,
            "  Events and leases in Kubernetes are not counted as writes, nor what the controller says of its start and its \
             end.\n\n  {}",
            self.verdict()
        )
    }
}

fn minutes(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::call::tests::call;

    fn found(calls: Vec<Call>) -> Found {
        Found {
            world: "w".into(),
            objects: 5,
            restarted: Duration::from_secs(300),
            took: Duration::from_secs(600),
            calls,
            lines: Vec::new(),
        }
    }

    fn reads() -> Vec<Call> {
        vec![
            call(0, System::GitLab, "GET", "pipelines.list", "apps/cart"),
            call(1, System::Kubernetes, "list", "applications", ""),
            Call {
                mutating: false,
                ..call(2, System::Aws, "DescribeServices", "ecs", "")
            },
        ]
    }

    #[test]
    fn no_write_anywhere_is_what_is_promised() {
        let found = found(reads());
        assert!(found.is_kept());
        let told = found.to_string();
        assert!(told.contains("settled for 10 min 00 s"), "{told}");
        assert!(
            told.ends_with("ok: 0 writes anywhere, 0 lines in the controller's log"),
            "{told}"
        );
        assert_eq!(found.row(System::GitLab), ["GitLab", "0", "1", "0.1"]);
    }

    #[test]
    fn each_write_is_named() {
        let mut calls = reads();
        calls.push(call(
            3,
            System::GitLab,
            "POST",
            "commits.create",
            "apps/cart",
        ));
        let found = found(calls);
        assert!(!found.is_kept());
        let told = found.to_string();
        assert!(told.contains("MISSED: 1 writes"), "{told}");
        assert!(
            told.contains("GitLab: POST commits.create apps/cart (200)"),
            "{told}"
        );
    }

    #[test]
    fn each_line_in_the_log_is_shown() {
        let mut found = found(reads());
        found.lines = vec!["INFO transition object=Environment/dev".into()];
        assert!(!found.is_kept());
        let told = found.to_string();
        assert!(
            told.ends_with(
                "and 1 lines in the controller's log\n    INFO transition object=Environment/dev"
            ),
            "{told}"
        );
    }

    #[test]
    fn a_controller_that_looks_at_nothing_proves_nothing() {
        let found = found(reads().split_off(1));
        assert!(!found.is_kept());
        assert!(found.to_string().contains("nothing was read from GitLab"));
    }
}
