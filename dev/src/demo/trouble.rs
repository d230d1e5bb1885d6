//! What a person wants to see when the demo comes to no good end.

use super::follow::Seen;
use super::standin::StandIn;
use super::text::first_line;
use crate::progress::Progress;

/// How many of a trace's last lines are shown.
const LINES: usize = 25;

/// Tells the state of what is not ready, and how the trace ends of each pipeline's last job that failed or still runs.
pub async fn tell(seen: &Seen, standin: &StandIn, progress: &Progress) {
    for object in seen.objects.values().filter(|object| !object.is_ready()) {
        let (reason, message) = object
            .condition("Ready")
            .map_or(("", "not looked at by the controller yet"), |ready| {
                (ready.reason.as_str(), first_line(&ready.message))
            });
        progress.say(&format!(
            "{} is not ready: {reason} {message}",
            object.title()
        ));
    }
    for job in seen.forge.failed().chain(seen.forge.running()) {
        progress.say(&format!(
            "{} ({}); its trace ends so:",
            seen.forge.describe(job),
            job.status
        ));
        match standin.trace(job.project_id, job.id).await {
            Ok(trace) => {
                let lines: Vec<&str> = trace.trim_end().lines().collect();
                for line in lines.iter().skip(lines.len().saturating_sub(LINES)) {
                    progress.say(&format!("  | {line}"));
                }
            }
            Err(failure) => progress.say(&format!("  | {failure}")),
        }
    }
}
