//! What `strace -f -yy` wrote, read as calls that begin and return.

use std::collections::HashMap;

/// One call.
#[derive(Debug)]
struct SystemCall<'a> {
    name: &'a str,
    /// What the file descriptor is: a path, or `TCP:[…]`.
    target: &'a str,
    /// The arguments as far as they stand where the call begins and where it returns.
    text: String,
    /// The line at which it begins.
    begun: usize,
    /// The line at which it returned, and whether well. Nothing where the trace ends before.
    returned: Option<(usize, bool)>,
}

/// The calls of a trace, in the order in which they began.
#[derive(Debug)]
pub(super) struct SystemCalls<'a>(Vec<SystemCall<'a>>);

impl<'a> SystemCalls<'a> {
    /// Reads a trace. Lines that are no calls, such as of signals, are passed over.
    pub(super) fn parse(trace: &'a str) -> Self {
        let mut calls: Vec<SystemCall<'_>> = Vec::new();
        // Each thread has at most one call that has not returned.
        let mut open: HashMap<&str, usize> = HashMap::new();
        for (line, text) in trace.lines().enumerate() {
            let Some((thread, rest)) = text.split_once(' ') else { continue };
            let rest = rest.trim_start();
            if let Some(resumed) = rest.strip_prefix("<... ") {
                if let Some(call) = open.remove(thread).and_then(|index| calls.get_mut(index)) {
                    call.text.push_str(resumed);
                    call.returned = Some((line, is_well(resumed)));
                }
                continue;
            }
            let Some((name, arguments)) = rest.split_once('(') else { continue };
            let Some(target) = target(arguments) else { continue };
            let is_unfinished = arguments.ends_with("<unfinished ...>");
            if is_unfinished {
                open.insert(thread, calls.len());
            }
            let returned = (!is_unfinished).then(|| (line, is_well(arguments)));
            calls.push(SystemCall { name, target, text: arguments.to_owned(), begun: line, returned });
        }
        Self(calls)
    }

    /// Says whether the bytes of an acknowledgement went to a socket only after a synchronisation of the log had returned that
    /// began after the request's own bytes were in the log: one of an earlier write does not count.
    pub(super) fn check_acknowledgement(&self, request: &str, acknowledgement: &str, log: &str) -> Result<(), String> {
        let writes = ["write", "writev", "sendto", "sendmsg"];
        let logged = |call: &&SystemCall<'_>| {
            matches!(call.name, "pwrite64" | "pwritev" | "write")
                && call.target.ends_with(log)
                && call.text.contains(request)
        };
        let logged = self.0.iter().find(logged).and_then(|call| call.returned);
        let (logged, _) = logged.ok_or_else(|| format!("the request was not seen to be written to {log}"))?;
        let written = self
            .0
            .iter()
            .filter(|call| call.target.starts_with("TCP"))
            .find(|call| writes.contains(&call.name) && call.text.contains(acknowledgement))
            .ok_or("the acknowledgement was not seen to be written")?
            .begun;
        let is_between = |call: &SystemCall<'_>| {
            matches!(call.name, "fdatasync" | "fsync")
                && call.target.ends_with(log)
                && call.begun > logged
                && matches!(call.returned, Some((returned, true)) if returned < written)
        };
        if self.0.iter().any(is_between) {
            return Ok(());
        }
        Err(format!("in {log} at line {logged}, acknowledged at line {written}, and not synchronised in between"))
    }
}

/// Reads what `-yy` writes behind the descriptor: `7</data/file>` or `9<TCP:[127.0.0.1:1->127.0.0.1:2]>`.
fn target(arguments: &str) -> Option<&str> {
    let digits = arguments.find(|letter: char| !letter.is_ascii_digit())?;
    let rest = arguments[digits..].strip_prefix('<')?;
    // An address has an arrow in it.
    let end = if rest.starts_with("TCP") { rest.find("]>")? + 1 } else { rest.find('>')? };
    Some(&rest[..end])
}

fn is_well(text: &str) -> bool {
    text.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with('-') && !result.starts_with('?'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const READ: &str =
        r#"11 recvfrom(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, "..request-1..hello", 4096, 0, NULL, NULL) = 80"#;
    const LOGGED: &str = r#"12 pwrite64(7</data/messages.sqlite-wal>, "..u1:request-1..hello", 4096, 80) = 4096"#;
    const ANSWER: &str =
        r#"11 writev(9<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base="\n$message-1", iov_len=44}], 1) = 44"#;
    const SYNC: &str = "12 fdatasync(7</data/messages.sqlite-wal>) = 0";

    fn judge(lines: &[&str]) -> Result<(), String> {
        let trace = lines.join("\n");
        SystemCalls::parse(&trace).check_acknowledgement("request-1", "message-1", "messages.sqlite-wal")
    }

    #[test]
    fn an_acknowledgement_after_the_synchronisation_is_good() {
        assert_eq!(judge(&[READ, LOGGED, SYNC, ANSWER]), Ok(()));
        let begun = "12 fdatasync(7</data/messages.sqlite-wal> <unfinished ...>";
        let between = "11 write(3</data/other>, \"x\", 1) = 1";
        let resumed = "12 <... fdatasync resumed>) = 0";
        assert_eq!(judge(&[READ, LOGGED, begun, between, resumed, ANSWER]), Ok(()));
    }

    #[test]
    fn an_acknowledgement_that_did_not_wait_is_found() {
        let begun = "12 fdatasync(7</data/messages.sqlite-wal> <unfinished ...>";
        let resumed = "12 <... fdatasync resumed>) = 0";
        let failed = "12 fdatasync(7</data/messages.sqlite-wal>) = -1 EIO (Input/output error)";
        let elsewhere = "12 fdatasync(7</data/rooms.sqlite-wal>) = 0";
        let other = r#"12 pwrite64(7</data/messages.sqlite-wal>, "..u1:request-0..hello", 4096, 80) = 4096"#;
        for bad in [
            vec![READ, ANSWER],
            vec![READ, SYNC, ANSWER],
            vec![READ, other, SYNC, ANSWER],
            vec![READ, ANSWER, LOGGED, SYNC],
            // What the request before left to be synchronised is not this one's.
            vec![READ, other, SYNC, ANSWER, LOGGED, SYNC],
            vec![READ, SYNC, LOGGED, ANSWER],
            vec![READ, LOGGED, begun, ANSWER, resumed],
            vec![READ, begun, LOGGED, resumed, ANSWER],
            vec![READ, LOGGED, failed, ANSWER],
            vec![READ, LOGGED, elsewhere, ANSWER],
            vec![READ, LOGGED, SYNC],
        ] {
            assert!(judge(&bad).is_err(), "{bad:?}");
        }
    }
}
