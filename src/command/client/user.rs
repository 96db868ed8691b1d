//! The name of the user who runs the command.
//!
//! Owns where it is looked up. Runs on main.

use std::env;
use std::fs;

use rustix::process::getuid;

/// The name in /etc/passwd, or else that of the environment; empty if there is neither.
pub fn name() -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let id = getuid().as_raw().to_string();
    let listed = name_in(&users, &id).map(str::to_owned);
    listed.or_else(|| env::var("USER").ok()).unwrap_or_default()
}

fn name_in<'u>(users: &'u str, id: &str) -> Option<&'u str> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::name_in;

    #[test]
    fn the_name_is_that_of_the_line_with_the_id() {
        let users = "root:x:0:0:root:/root:/bin/sh\nbroken\n# 0\nme:x:1000:1000::/var/me:/bin/sh\n";
        assert_eq!(name_in(users, "1000"), Some("me"));
        assert_eq!(name_in(users, "0"), Some("root"));
        assert_eq!(name_in(users, "100"), None);
    }
}
