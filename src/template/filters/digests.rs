//! Digests and base64.

use base64::Engine as _;
use base64ct::{Base64ShaCrypt, Encoding as _};
use md5::Md5;
use minijinja::{Error, State, Value};
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use super::Filter;
use super::call::Args;
use crate::template::fault::fault;
use crate::text::{did_you_mean, hex};

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("b64decode", "", b64decode),
    ("b64encode", "", |_, value, args| Ok(base64::engine::general_purpose::STANDARD.encode(args.text_of(&value)?).into())),
    ("checksum", "", |_, value, args| Ok(hex(&Sha1::digest(args.text_of(&value)?)).into())),
    ("hash", "hashtype?", hash),
    ("password_hash", "hashtype? salt? rounds=", password_hash),
];

fn b64decode(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let compact: String = args.text_of(&value)?.split_whitespace().collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(compact).map_err(|_| fault("`| b64decode`: no base64", None))?;
    String::from_utf8(bytes).map(Value::from).map_err(|_| fault("`| b64decode`: the bytes are no UTF-8 text", None))
}

fn hash(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    const NAMES: [&str; 6] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];
    let text = args.text_of(&value)?;
    let name = args.text("hashtype")?.unwrap_or_else(|| "sha256".to_owned());
    let digest = match name.as_str() {
        "md5" => hex(&Md5::digest(text)),
        "sha1" => hex(&Sha1::digest(text)),
        "sha224" => hex(&Sha224::digest(text)),
        "sha256" => hex(&Sha256::digest(text)),
        "sha384" => hex(&Sha384::digest(text)),
        "sha512" => hex(&Sha512::digest(text)),
        other => {
            let hint = did_you_mean(other, NAMES).or_else(|| Some(format!("it knows {}", NAMES.join(", "))));
            return Err(fault("`| hash` has no such digest", hint));
        }
    };
    Ok(digest.into())
}

/// Writes a digest in the order of bytes that crypt's specification asks for: three columns of it, whose order turns
/// from row to row, and what is left over.
fn crypt_digits(digest: &[u8], to_the_right: bool, left: [usize; 2]) -> String {
    let rows = digest.len() / 3;
    let mut order = Vec::with_capacity(digest.len());
    let mut columns = [2, 1, 0];
    for row in 0..rows {
        order.extend(columns.map(|column| row + column * rows));
        if to_the_right { columns.rotate_right(1) } else { columns.rotate_left(1) }
    }
    order.extend(left.into_iter().take(digest.len() - rows * 3));
    let bytes: Vec<u8> = order.into_iter().map(|at| digest[at]).collect();
    Base64ShaCrypt::encode_string(&bytes)
}

/// The hash of a password as /etc/shadow holds it.
fn password_hash(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    const ALLOWED: &str = "its salt is 1 to 16 letters, digits, `.` and `/`";
    let password = args.text_of(&value)?;
    let salt = args.text("salt")?.ok_or_else(|| {
        let hint = "a salt drawn each time would change the hash with every run; keep one with the password's secret".to_owned();
        fault("`| password_hash` needs a `salt`", Some(hint))
    })?;
    let plain = salt.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./".contains(&byte));
    if !plain || !(1..=16).contains(&salt.len()) {
        return Err(fault("`| password_hash` can't use this salt", Some(ALLOWED.to_owned())));
    }
    let rounds = args.count("rounds", 1_000_000)?;
    let params = rounds.map_or(Ok(sha_crypt::Params::default()), |rounds| {
        let rounds = u32::try_from(rounds).ok().and_then(|rounds| sha_crypt::Params::new(rounds).ok());
        rounds.ok_or_else(|| fault("`| password_hash` takes 1000 to 1000000 as `rounds`", None))
    })?;
    let written = rounds.map_or(String::new(), |rounds| format!("rounds={rounds}$"));
    let (password, salted) = (password.as_bytes(), salt.as_bytes());
    let (kind, digits) = match args.text("hashtype")?.as_deref() {
        None | Some("sha512") => (6, crypt_digits(&sha_crypt::sha512_crypt(password, salted, params), true, [63, 63])),
        Some("sha256") => (5, crypt_digits(&sha_crypt::sha256_crypt(password, salted, params), false, [30, 31])),
        Some(_) => return Err(fault("`| password_hash` knows sha512 and sha256", None)),
    };
    let hashed = format!("${kind}${written}{salt}${digits}");
    Ok(hashed.into())
}
