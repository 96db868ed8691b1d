//! The proofs that a source asks of its senders, and whether a request has them.
//!
//! Owns the way from the settings of a source, with secrets that may be in files, to proofs that
//! `verification` compares. A secret file is read at each request, so a changed secret counts at once. Runs on
//! the connections' threads.

use super::verification::{Proof, Proven, Shown, Signing};
use crate::config::{Secret, SourceAuth};
use crate::files;
use crate::limits::SECRET_FILE;
use crate::model::Wall;

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// A proof is missing or wrong.
    Unproven,
    /// A secret file cannot be read, for this reason.
    Unreadable(String),
}

/// Checks that a request has every proof that `auth` asks for.
pub fn check<'r>(auth: &SourceAuth, shown: &Shown<'r>, now: Wall) -> Result<Proven<'r>, Denied> {
    let mut id = None;
    for proof in proofs(auth).map_err(Denied::Unreadable)? {
        let proven = shown.proves(&proof, now).ok_or(Denied::Unproven)?;
        id = id.or(proven.id);
    }
    Ok(Proven { id })
}

fn proofs(auth: &SourceAuth) -> Result<Vec<Proof<'_>>, String> {
    let mut proofs = Vec::new();
    if let Some(token) = &auth.bearer {
        proofs.push(Proof::Bearer(read(token)?));
    }
    if let Some((username, password)) = &auth.basic {
        let password = read(password)?;
        proofs.push(Proof::Basic { username, password });
    }
    if let Some(query) = &auth.query {
        let token = read(&query.token)?;
        let parameter = &query.parameter;
        proofs.push(Proof::QueryToken { parameter, token });
    }
    if let Some(hmac) = &auth.hmac {
        proofs.push(Proof::Signature(Signing {
            scheme: hmac.scheme,
            secret: read(&hmac.secret)?,
            header: &hmac.header,
            timestamp_header: hmac.timestamp_header.as_deref(),
            tolerance: hmac.tolerance,
        }));
    }
    if !auth.client_names.is_empty() {
        proofs.push(Proof::CertificateNames(&auth.client_names));
    }
    if let Some(key) = &auth.routing_key {
        proofs.push(Proof::RoutingKey(read(key)?));
    }
    Ok(proofs)
}

/// The text of a secret. One that is empty, such as that of a file that is being written, proves nothing.
pub fn read(secret: &Secret) -> Result<String, String> {
    let (text, origin) = match secret {
        Secret::Inline(text) => (text.clone(), "the configuration".to_owned()),
        Secret::File(path) => {
            let text = files::read_text(path, SECRET_FILE);
            let text = text.map_err(|error| format!("read {}: {error}", path.display()))?;
            (text.trim().to_owned(), path.display().to_string())
        }
    };
    match text.is_empty() {
        true => Err(format!("the secret in {origin} is empty")),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_no_secret() {
        let auth = SourceAuth {
            bearer: Some(Secret::Inline(String::new())),
            ..SourceAuth::default()
        };
        let why = proofs(&auth).expect_err("anybody would have it");
        assert_eq!(why, "the secret in the configuration is empty");
    }
}
