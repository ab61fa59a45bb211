//! Passwords of connections that are secrets, filled in.

use std::sync::Arc;

use super::{SecretError, SecretFailures, Secrets, Why};
use crate::app::Ready;
use crate::diag::SourceMap;
use crate::model::{SUDO_SECRET, SecretRef, SecretValues, Value};

/// Fills in passwords; a secret `sudo` answers where nothing else does.
///
/// # Errors
/// Where a part that is named is none, or no text.
pub(in crate::app) fn fill(ready: &mut Ready, map: &SourceMap, secrets: &Secrets) -> Result<(), SecretFailures> {
    let mut failures: Vec<SecretError> = Vec::new();
    let mut get = |reference: &Option<SecretRef>, password: &mut Option<String>, wanted: bool| {
        let Some(reference) = reference.as_ref().filter(|_| wanted) else { return };
        match text(&secrets.values, &reference.path) {
            Some(text) => *password = Some(text),
            None => {
                let name = reference.path.first().cloned().unwrap_or_default();
                let why = Why::NoPassword(format!("secrets.{}", reference.path.join(".")));
                let failure = SecretError { name, place: map.location(reference.span), why };
                if !failures.contains(&failure) {
                    failures.push(failure);
                }
            }
        }
    };
    let sudo = text(&secrets.values, &[SUDO_SECRET.to_owned()]);
    for host in &mut Arc::make_mut(&mut ready.inventory).hosts {
        let connect = &mut host.connect;
        // Of a host that no round names, nobody got the secret.
        let got = |reference: &Option<SecretRef>| {
            reference.as_ref().and_then(|reference| reference.path.first()).is_some_and(|name| secrets.values.0.contains_key(name))
        };
        let (login, r#become) = (got(&connect.password_secret), got(&connect.become_password_secret));
        get(&connect.password_secret.clone(), &mut connect.password, login);
        get(&connect.become_password_secret.clone(), &mut connect.become_password, r#become);
        if connect.become_password.is_none() {
            connect.become_password.clone_from(&sudo);
        }
    }
    for round in &mut Arc::make_mut(&mut ready.playbook).rounds {
        if let Some(patch) = &mut round.connect {
            get(&patch.password_secret.clone(), &mut patch.password, true);
            get(&patch.become_password_secret.clone(), &mut patch.become_password, true);
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(SecretFailures(failures)) }
}

fn text(values: &SecretValues, path: &[String]) -> Option<String> {
    match values.find(path)? {
        Value::Text(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::app::{PlaybookSource, Sources, load};

    fn ready(text: &str) -> (SourceMap, Ready) {
        let source = PlaybookSource::Text { name: "site.yml".to_owned(), text: text.to_owned(), folder: ".".into() };
        let loaded = load(&Sources { playbook: source, ..Sources::file("site.yml") });
        let said = loaded.diagnostics.to_text(&loaded.map);
        (loaded.map, loaded.ready.unwrap_or_else(|| panic!("{said}")))
    }

    fn secrets(values: &[(&str, Value)]) -> Secrets {
        let values: BTreeMap<String, Value> = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Secrets { values: SecretValues(values) }
    }

    const SITE: &str = "
secrets: { sudo: { env: X }, login: { env: Y, format: yaml } }
rounds:
  - hosts: localhost
    become: root
    connect: { password: '{{ secrets.login.local }}' }
    tasks: [{ run: id }]
";

    #[test]
    fn a_secret_called_sudo_answers_where_nothing_else_does() {
        let (map, mut ready) = ready(SITE);
        assert!(ready.playbook.secrets.values().all(|secret| secret.used));
        let local = Value::Map([("local".to_owned(), Value::Int(1234))].into_iter().collect());
        fill(&mut ready, &map, &secrets(&[("sudo", "s3cret".into()), ("login", local)])).unwrap();
        assert_eq!(ready.inventory.hosts[0].connect.become_password.as_deref(), Some("s3cret"));
        assert_eq!(ready.playbook.rounds[0].connect.as_ref().unwrap().password.as_deref(), Some("1234"));

        let (_, other) = self::ready(&SITE.replace("become: root", "become: { user: root, password: '{{ secrets.login }}' }"));
        assert!(!other.playbook.secrets["sudo"].used, "nothing asks for it");
    }

    #[test]
    fn a_part_that_is_no_text_is_told() {
        let (map, mut ready) = ready(SITE);
        let failures = fill(&mut ready, &map, &secrets(&[("sudo", "x".into()), ("login", "flat".into())])).unwrap_err();
        assert_eq!(failures.to_string(), "the secret `login` (site.yml:6:26): `secrets.login.local` is no text that could be a password");
    }
}
