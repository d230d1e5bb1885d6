//! Our token: a file that may change at any time, and a value that is never shown.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gitlab::AuthError;
use http::HeaderValue;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long what was read of the file is taken for true.
const FRESH: Duration = Duration::from_secs(1);

/// Far more than any token GitLab makes.
const LIMIT: u64 = 4096;

/// What a message shows instead of a token.
pub(super) const REDACTED: &str = "[token]";

/// An access token. Neither `Debug` nor `Display`: it can only be sent or taken out of a text.
pub(super) struct Token(String);

impl Token {
    /// The header's value, marked so that no library prints it.
    pub(super) fn header(&self) -> Result<HeaderValue, AuthError> {
        let mut value = HeaderValue::from_str(&self.0)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Takes the token out of bytes that others wrote.
    pub(super) fn redact(&self, bytes: Vec<u8>) -> Vec<u8> {
        let text = String::from_utf8_lossy(&bytes);
        if text.contains(&self.0) {
            text.replace(&self.0, REDACTED).into_bytes()
        } else {
            bytes
        }
    }
}

struct Held {
    token: Arc<Token>,
    read: Instant,
}

/// The file. Read when a request needs it, at most once a second, so that a rotated token is used
/// without a restart. The content decides, not the time of the last change: a mounted Secret is
/// swapped by a link, whose target may carry any time.
pub(super) struct TokenFile {
    path: PathBuf,
    held: Mutex<Option<Held>>,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            held: Mutex::new(None),
        }
    }

    /// The token as it is now, or a sentence saying why there is none.
    pub(super) async fn current(&self) -> Result<Arc<Token>, String> {
        let mut held = self.held.lock().await;
        if let Some(held) = held.as_ref()
            && held.read.elapsed() < FRESH
        {
            return Ok(Arc::clone(&held.token));
        }
        // What cannot be read is not remembered, so that the next request looks again at once.
        *held = None;
        let token = Arc::new(self.read().await?);
        *held = Some(Held {
            token: Arc::clone(&token),
            read: Instant::now(),
        });
        Ok(token)
    }

    /// Forgets what was read: GitLab did not accept it.
    pub(super) async fn doubt(&self) {
        *self.held.lock().await = None;
    }

    async fn read(&self) -> Result<Token, String> {
        let path = self.path.display();
        let text = self.text().await.map_err(|error| {
            format!("the token file {path} cannot be read ({error}); mount a Secret with the access token there")
        })?;
        let token = text.trim();
        if token.is_empty() {
            Err(format!(
                "the token file {path} is empty; put the access token into it"
            ))
        } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            Err(format!(
                "the token file {path} must hold nothing but one access token"
            ))
        } else {
            Ok(Token(token.to_owned()))
        }
    }

    async fn text(&self) -> io::Result<String> {
        let mut text = String::new();
        let file = File::open(&self.path).await?;
        file.take(LIMIT).read_to_string(&mut text).await?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn complaint(content: Option<&[u8]>) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        TokenFile::new(path).current().await.err().unwrap()
    }

    #[tokio::test]
    async fn a_file_without_a_token_is_one_sentence_that_names_it() {
        assert!(complaint(None).await.contains("cannot be read"));
        assert!(complaint(Some(b" \n")).await.contains("is empty"));
        let two_lines = complaint(Some(b"glpat-first\nglpat-second\n")).await;
        assert!(two_lines.contains("nothing but one"), "{two_lines}");
        assert!(!two_lines.contains("glpat"), "{two_lines}");
        let odd = complaint(Some(b"\xff\xfe")).await;
        assert!(odd.contains("cannot be read"), "{odd}");
    }

    #[tokio::test]
    async fn a_rotated_token_is_used_after_a_second_and_a_doubted_one_is_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "glpat-first\n").unwrap();
        let file = TokenFile::new(path.clone());
        assert_eq!(file.current().await.ok().unwrap().0, "glpat-first");
        std::fs::write(&path, "glpat-second\n").unwrap();
        assert_eq!(file.current().await.ok().unwrap().0, "glpat-first");
        file.doubt().await;
        assert_eq!(file.current().await.ok().unwrap().0, "glpat-second");
        std::fs::write(&path, "glpat-third\n").unwrap();
        tokio::time::sleep(FRESH).await;
        assert_eq!(file.current().await.ok().unwrap().0, "glpat-third");
    }

    #[test]
    fn a_token_is_taken_out_of_what_others_wrote() {
        let token = Token("s3cret".into());
        assert_eq!(
            token.redact(b"no s3cret here".to_vec()),
            b"no [token] here".to_vec()
        );
        assert_eq!(
            token.redact(vec![0xff, 0x00]),
            vec![0xff, 0x00],
            "other bytes stay as they are"
        );
    }
}
