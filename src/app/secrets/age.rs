//! `age`: files encrypted to recipients, read with an identity of the user's.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::{Decryptor, Encryptor, Identity, IdentityFile};

use super::{VaultError, Why, file};

/// Decrypts a text.
pub(super) fn get(path: &Path, identity: Option<&Path>) -> Result<String, Why> {
    file::text(decrypt(path, identity)?)
}

/// Decrypts a file, armored or not.
pub(super) fn decrypt(path: &Path, identity: Option<&Path>) -> Result<Vec<u8>, Why> {
    let encrypted = file::bytes(path)?;
    let identities = identities(identity)?;
    let failed = |error: String| Why::Age { path: path.display().to_string(), error };
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(&encrypted[..])).map_err(|error| failed(words(&error)))?;
    if decryptor.is_scrypt() {
        return Err(failed("it is encrypted with a passphrase, not to a recipient".to_owned()));
    }
    let mut reader =
        decryptor.decrypt(identities.iter().map(|identity| &**identity as &dyn Identity)).map_err(|error| failed(words(&error)))?;
    let mut plain = Vec::new();
    reader.read_to_end(&mut plain).map_err(|_| failed("it is damaged".to_owned()))?;
    Ok(plain)
}

fn words(error: &age::DecryptError) -> String {
    match error {
        age::DecryptError::NoMatchingKeys => "it is not encrypted to this identity".to_owned(),
        age::DecryptError::InvalidHeader | age::DecryptError::UnknownFormat => "it is no age file".to_owned(),
        age::DecryptError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => error.to_string(),
        age::DecryptError::Io(_) => "it is no age file".to_owned(),
        _ => "it is damaged".to_owned(),
    }
}

/// Encrypts to recipients, as text.
pub(super) fn encrypt(plain: &[u8], recipients: &[String]) -> Result<Vec<u8>, VaultError> {
    let mut parsed: Vec<age::x25519::Recipient> = Vec::new();
    for recipient in recipients {
        parsed.push(recipient.parse().map_err(|_| VaultError::NoRecipient(recipient.clone()))?);
    }
    let failed = |error: String| VaultError::from(Why::Age { path: "the text".to_owned(), error });
    let recipients = parsed.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(|error| failed(error.to_string()))?;
    let mut encrypted = Vec::new();
    let write = |encrypted: &mut Vec<u8>| {
        let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(encrypted, Format::AsciiArmor)?)?;
        writer.write_all(plain)?;
        writer.finish()?.finish().map(|_| ())
    };
    write(&mut encrypted).map_err(|error: std::io::Error| failed(error.to_string()))?;
    Ok(encrypted)
}

fn identities(named: Option<&Path>) -> Result<Vec<Box<dyn Identity + Send + Sync>>, Why> {
    let path = named.map_or_else(usual_identity, Path::to_owned);
    if !path.exists() {
        return Err(Why::NoIdentity(path.display().to_string()));
    }
    let file = IdentityFile::from_file(path.to_string_lossy().into_owned()).map_err(|error| Why::BadIdentity(error.to_string()))?;
    let identities = file.into_identities().map_err(|error| Why::BadIdentity(error.to_string()))?;
    if identities.is_empty() { Err(Why::BadIdentity(format!("{} holds none", path.display()))) } else { Ok(identities) }
}

fn usual_identity() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("ROUNDSMAN_IDENTITY").unwrap_or_else(|| {
        let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config"))).unwrap_or_default();
        folder.join("roundsman/identity")
    })
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn what_is_encrypted_comes_back_to_its_recipients_alone() {
        let folder = tempfile::tempdir().unwrap();
        let identity = |name: &str| {
            let key = age::x25519::Identity::generate();
            let path = folder.path().join(name);
            std::fs::write(&path, format!("# a comment\n{}\n", key.to_string().expose_secret())).unwrap();
            (path, key.to_public().to_string())
        };
        let ((ann, to_ann), (bob, to_bob), (eve, _)) = (identity("ann"), identity("bob"), identity("eve"));
        let path = folder.path().join("x.age");
        let encrypted = encrypt(b"s3cret\n", &[to_ann, to_bob]).unwrap();
        assert!(encrypted.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----"));
        std::fs::write(&path, &encrypted).unwrap();
        assert_eq!(get(&path, Some(&ann)).unwrap(), "s3cret");
        assert_eq!(get(&path, Some(&bob)).unwrap(), "s3cret");
        let why = get(&path, Some(&eve)).unwrap_err().to_string();
        assert!(why.contains("it is not encrypted to this identity"), "{why}");
        assert!(matches!(get(&path, Some(Path::new("/no/such"))), Err(Why::NoIdentity(_))));
        assert!(matches!(get(&path, Some(&path)), Err(Why::BadIdentity(_))));
        std::fs::write(&path, &encrypted[..encrypted.len() - 80]).unwrap();
        assert!(matches!(get(&path, Some(&ann)), Err(Why::Age { .. })));
        std::fs::write(&path, "plain").unwrap();
        let why = get(&path, Some(&ann)).unwrap_err().to_string();
        assert!(why.contains("it is no age file"), "{why}");
        assert!(matches!(encrypt(b"x", &["age1x".to_owned()]), Err(VaultError::NoRecipient(_))));
    }
}
