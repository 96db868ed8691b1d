//! Messages as a test wants them. Knows no more than the writing of fields and which number each has.

/// A day in 2099, in seconds.
pub const FAR: i64 = 4_070_908_800;

/// A field of one number; zero takes no room.
pub fn number(field: u64, value: u64) -> Vec<u8> {
    match value {
        0 => Vec::new(),
        value => [varint(field << 3), varint(value)].concat(),
    }
}

/// A field of text, bytes or a message.
pub fn bytes(field: u64, content: impl AsRef<[u8]>) -> Vec<u8> {
    let content = content.as_ref();
    let head = [varint(field << 3 | 2), varint(content.len() as u64)];
    [&head.concat(), content].concat()
}

/// A time.
pub fn time(seconds: i64) -> Vec<u8> {
    number(1, seconds.cast_unsigned())
}

/// A message with its length in front.
pub fn delimited(message: &[u8]) -> Vec<u8> {
    [&varint(message.len() as u64), message].concat()
}

/// A number, seven bits a byte.
pub fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A matcher; 0 is `=`, 1 `=~`, 2 `!=` and 3 `!~`.
pub fn matcher(kind: u64, name: &str, value: &str) -> Vec<u8> {
    [number(1, kind), bytes(2, name), bytes(3, value)].concat()
}

/// A set of matchers as a field of a silence.
pub fn set(matchers: &[Vec<u8>]) -> Vec<u8> {
    let matchers: Vec<_> = matchers.iter().map(|one| bytes(1, one)).collect();
    bytes(11, matchers.concat())
}

/// A silence from 2023 until 2099 with these fields beside its times, delimited.
pub fn silence(id: &str, fields: &[Vec<u8>]) -> Vec<u8> {
    silence_changed_at(1_700_000_000, id, fields)
}

/// The same, changed at another time.
pub fn silence_changed_at(changed: i64, id: &str, fields: &[Vec<u8>]) -> Vec<u8> {
    let silence = [
        bytes(1, id),
        bytes(3, time(1_700_000_000)),
        bytes(4, time(FAR)),
        bytes(5, time(changed)),
        fields.concat(),
    ];
    delimited(&[bytes(1, silence.concat()), bytes(2, time(FAR + 432_000))].concat())
}

/// Whom an entry is about.
pub fn receiver(name: &str, integration: &str, index: u64) -> Vec<u8> {
    [bytes(1, name), bytes(2, integration), number(3, index)].concat()
}

/// An entry of what a receiver was told at a time, which expires in 2099, delimited.
pub fn entry(group_key: &str, receiver: &[u8], seconds: i64, fields: &[Vec<u8>]) -> Vec<u8> {
    let entry = [
        bytes(1, group_key),
        bytes(2, receiver),
        bytes(5, time(seconds)),
        fields.concat(),
    ];
    delimited(&[bytes(1, entry.concat()), bytes(2, time(FAR))].concat())
}
