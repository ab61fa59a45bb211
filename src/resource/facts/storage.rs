//! Memory and file systems, in bytes.

use indexmap::IndexMap;

use super::parse::Said;
use crate::model::Value;

/// `memory`: total, available, swap.
pub(super) fn memory(said: &Said<'_>) -> Value {
    let field = |wanted: &str| {
        let line = |line: &&&str| line.split_once(':').is_some_and(|(name, _)| name == wanted);
        let (_, value) = said.all("memory").iter().find(line)?.split_once(':')?;
        kilobytes(value.trim().strip_suffix("kB").unwrap_or(value).trim())
    };
    // Kernels before 3.14 do not say what is available.
    let available = field("MemAvailable").or_else(|| Some(field("MemFree")? + field("Buffers")? + field("Cached")?));
    let total = field("MemTotal").or_else(|| said.one("physmem")?.parse().ok());
    let value = |bytes: Option<i64>| bytes.map_or(Value::None, Value::Int);
    Value::Map(IndexMap::from([
        ("total".to_owned(), value(total)),
        ("available".to_owned(), value(available)),
        ("swap".to_owned(), value(field("SwapTotal"))),
    ]))
}

/// `disks`: the file systems on devices of the host, in the order mounted.
pub(super) fn disks(said: &Said<'_>) -> Value {
    let sizes: IndexMap<&str, (i64, i64)> = said.all("df").iter().filter_map(|line| size(line)).collect();
    let mut disks: IndexMap<String, Value> = IndexMap::new();
    for line in said.all("disk") {
        let words: Vec<&str> = line.split(' ').collect();
        let [device, mount, kind] = words[..] else { continue };
        let mount = unescaped(mount);
        let size = sizes.get(mount.as_str());
        let number = |bytes: Option<i64>| bytes.map_or(Value::None, Value::Int);
        let disk = IndexMap::from([
            ("mount".to_owned(), Value::from(mount.as_str())),
            ("device".to_owned(), Value::Text(unescaped(device))),
            ("type".to_owned(), Value::from(kind)),
            ("size".to_owned(), number(size.map(|size| size.0))),
            ("free".to_owned(), number(size.map(|size| size.1))),
        ]);
        // What is mounted over another hides it.
        disks.insert(mount, Value::Map(disk));
    }
    if disks.is_empty() { Value::None } else { Value::List(disks.into_values().collect()) }
}

/// Reads a line of `df -kP`; a mount point with blanks has them at the end of the line.
fn size(line: &str) -> Option<(&str, (i64, i64))> {
    // The device may hold blanks, too, so the fields are found from the percentage on.
    let (before, mount) = line.split_once("% ")?;
    let mut words = before.split_ascii_whitespace().rev();
    let (_, free, _, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    Some((mount.trim(), (kilobytes(size)?, kilobytes(free)?)))
}

fn kilobytes(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(1024)
}

/// Reads the octal escapes of `/proc/mounts`.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let digits = (*first == b'\\').then(|| std::str::from_utf8(behind.get(..3)?).ok()).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                plain.push(byte);
                rest = &behind[3..];
            }
            None => {
                plain.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_in_bytes() {
        let said = Said::read("memory MemTotal:       2048 kB\nmemory MemAvailable:   1024 kB\nmemory SwapTotal:  0 kB\n");
        assert_eq!(serde_json::to_string(&memory(&said)).unwrap(), r#"{"total":2097152,"available":1048576,"swap":0}"#);
        let old = Said::read("memory MemTotal: 10 kB\nmemory MemFree: 1 kB\nmemory Buffers: 2 kB\nmemory Cached: 3 kB\n");
        assert_eq!(serde_json::to_string(&memory(&old)).unwrap(), r#"{"total":10240,"available":6144,"swap":null}"#);
    }

    #[test]
    fn file_systems_with_and_without_sizes() {
        let said = Said::read(
            "disk /dev/vda1 / ext4\ndisk /dev/vdb1 /mnt/a\\040b xfs\ndf Filesystem 1024-blocks Used Available Capacity Mounted on\ndf /dev/vda1 100 40 55 43% /\n",
        );
        let disks = serde_json::to_string(&disks(&said)).unwrap();
        let first = r#"{"mount":"/","device":"/dev/vda1","type":"ext4","size":102400,"free":56320}"#;
        let second = r#"{"mount":"/mnt/a b","device":"/dev/vdb1","type":"xfs","size":null,"free":null}"#;
        assert_eq!(disks, format!("[{first},{second}]"));
    }
}
