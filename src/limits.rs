//! All bounds of the daemon, each with its reason.
//!
//! Owns the default values; flags override those that depend on the host. Constants only. Used by
//! `daemon.rs` and by the stage that a bound belongs to.

mod requests_of_sources;

use std::time::Duration;

pub use requests_of_sources::*;

/// Requests that may wait for the dispatcher; beyond it the client gets 503. No more requests wait than
/// the HTTP server handles at once, plus those whose clients have already got a timeout. So a full inbox
/// means that the dispatcher is far behind.
pub const INBOX: usize = 64;

/// How long a turn of the dispatcher takes in messages before it hands the effects over, and how long it
/// answers questions after that. Short, so that a client that waits for an acknowledgement does not notice
/// either.
pub const TURN: Duration = Duration::from_millis(5);

/// Steps of answering a question between two readings of the clock. A step tries one alert or silence, so
/// this takes about a tenth of a turn, or some turns if silences have long regexes.
pub const STEPS_AT_ONCE: usize = 1024;

/// Alerts of a post that one turn takes in, in about 5 ms, and resolved alerts that one turn removes. A larger
/// post is spread over several turns, so its first groups may be notified before its last alert is in.
pub const ALERTS_AT_ONCE: usize = 2048;

/// Steps that a flush takes in one go to match silences against its alerts: about 5 ms.
pub const STEPS_OF_A_FLUSH: usize = 8 * STEPS_AT_ONCE;

/// Events from timer, workers and journal that may wait for the dispatcher. The timer sends batches, and
/// each worker one outcome at a time, so this is more than can be under way at once.
pub const EVENTS: usize = 1024;

/// Batches of commands under way to the timer, one for each turn of the dispatcher. Further commands wait
/// in the dispatcher, merged.
pub const TIMER_COMMANDS: usize = 64;

/// Timer commands that wait in the dispatcher before superseded ones are dropped. After that there is at
/// most one command for each alarm.
pub const UNTOLD_COMMANDS: usize = 4096;

/// Effects of one input that the dispatcher keeps memory for, some hundred kilobytes. A batch from
/// Prometheus has a few hundred effects.
pub const EFFECTS_KEPT: usize = 1024;

/// Batches under way to the journal, at most one for each turn of the dispatcher. The journal writes all
/// waiting batches together (group commit), so they pile up only while the disk is slow.
pub const BATCHES: usize = 64;

/// How long the dispatcher holds records that no client waits for, to send them together: mostly entries
/// of the notification log. A process that is killed within this time after a notification sends it again
/// at its next start. So the hold is no longer than an answer from a near host takes anyway.
pub const RECORDS_HELD: Duration = Duration::from_millis(5);

/// The most records that are held, so that the journal writes while the dispatcher decides.
pub const RECORDS_HELD_AT_MOST: usize = 512;

/// Records that wait in the dispatcher while the journal has no room, some fifty megabytes. Beyond that
/// all of them are dropped, and the journal gets the whole state once it has room.
pub const UNWRITTEN_RECORDS: usize = 500_000;

/// The largest frame of the journal, in bytes. A greater length is damage.
pub const FRAME_BYTES: usize = 256 * 1024 * 1024;

/// The largest record of the journal, in bytes. Records of requests are no larger than a body. An entry of
/// the notification log reaches this with sixteen million alerts in one group; it is then left out.
pub const RECORD_BYTES: usize = 128 * 1024 * 1024;

/// The most that `--web.max-body-bytes` may allow, since a record of a body has to fit into the journal.
pub const BODY_BYTES_MOST: usize = 64 * 1024 * 1024;

/// The size at which the records of one batch continue in a further frame. It is more than the largest
/// body needs, so that the changes of one request stay in one frame.
pub const BATCH_FRAME_BYTES: usize = 64 * 1024 * 1024;

/// The size at which a snapshot continues in a further frame. Recovery holds one frame at a time.
pub const SNAPSHOT_FRAME_BYTES: usize = 1024 * 1024;

/// Bytes of the journal's buffer that stay allocated between writes. A turn usually needs a few kilobytes.
pub const FRAME_BUFFER_BYTES: usize = 256 * 1024;

/// Damaged files of the journal that are kept for inspection. A failing disk makes more and more of them.
pub const DAMAGED_FILES: usize = 8;
/// Bytes that the journal keeps in memory while it cannot write: some ten thousand alerts. Beyond that it
/// drops them, and gets the whole state once it can write.
pub const UNWRITTEN_BYTES: usize = 4 << 20;

/// The first and the longest pause before the journal retries a failed write. The pauses grow, because
/// each retry of the whole state is a lot of work.
pub const JOURNAL_RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The size at which a segment of the journal is full; larger if the state is large. A full segment is no
/// longer written, so it can be compacted.
pub const SEGMENT_BYTES: u64 = 1 << 20;

/// Bytes of obsolete records in the journal below which it is never compacted, however small the state is:
/// fewer are not worth the work.
pub const COMPACTION_LEAST: u64 = 256 << 10;

/// The number of files at which the journal is compacted, however small they are. Each start begins a
/// segment.
pub const SEGMENTS: usize = 64;

/// How long after a failed compaction the next one begins, unless the files have grown much by then.
pub const COMPACTION_RETRY: Duration = Duration::from_secs(60);

/// Bytes that the journal writes at a time while more batches wait, so that its buffers stay small.
pub const WRITE_BYTES: usize = 1 << 20;

/// The default of `--storage.sync`: how long written data may wait for its sync.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Rings that the timer sends at a time, so that a million alarms due at once do not arrive in one event.
pub const RINGS_PER_EVENT: usize = 512;

/// Attempts under way at once, each with a thread, beside one for each endpoint. A worker waits for the
/// network nearly all of its time, and costs some 50 KiB while it lives. 400 receivers that take 1 s each
/// are notified of 8,000 groups in 20 s.
pub const WORKERS: usize = 400;

/// The most attempts to one endpoint at a time, if its concurrency limit has grown that far. A receiver
/// with a latency of half a second then takes 400 posts a second.
pub const WORKERS_PER_ENDPOINT: usize = 200;

/// Workers that stay when idle, so that the first notification need not wait for a new thread.
pub const WORKERS_KEPT: usize = 2;

/// How long a worker beyond [`WORKERS_KEPT`] waits for another job before it ends.
pub const WORKER_IDLE: Duration = Duration::from_secs(10);

/// Alerts kept, including resolved ones. At half a kilobyte each this is about a gigabyte.
pub const ALERTS: usize = 2_000_000;

/// Bytes of text of all alerts kept, so that a few large alerts take no more memory than [`ALERTS`] alerts
/// of the usual size.
pub const ALERT_TEXT_BYTES: usize = 1 << 30;

/// Keys of sources that hold one alert, because their labels are equal. Beyond it the first to end is
/// forgotten, which ends nothing: the others still hold the alert. So a source whose keys are all different and
/// whose labels are all equal costs a bounded time for each report.
pub const KEYS_PER_ALERT: usize = 1000;

/// Bytes of all silences kept, including expired ones, measured as for
/// `--silences.max-silence-size-bytes`: some hundred thousand silences of the usual size.
pub const SILENCE_TEXT_BYTES: usize = 64 << 20;

/// GETs that are handled at once, and as many other requests. To handle a request is to parse its body, ask
/// the dispatcher and make the answer; most of that time is spent waiting for the dispatcher.
pub const REQUESTS_HANDLED: usize = 4;

/// Passwords that are checked at once. A bcrypt check takes tens of milliseconds of one core by design, and
/// a flood of wrong passwords must leave the other cores to alerts.
pub const PASSWORD_CHECKS: usize = 1;

/// How long a request waits for the check of its password before the client gets 503.
pub const PASSWORD_WAIT: Duration = Duration::from_secs(5);

/// How long the answer to a wrong secret of a source is held back, one after the other for each address: ten
/// guesses a second.
pub const WRONG_SECRET_PAUSE: Duration = Duration::from_millis(100);

/// Correct passwords that are remembered, as digests: usually more than there are users. As many wrong ones
/// are remembered, so that a client with an old password costs almost nothing.
pub const PASSWORDS_REMEMBERED: usize = 256;

/// The largest file with certificates or a key, in bytes. A host's complete list of authorities fits.
pub const PEM_BYTES: u64 = 1 << 20;

/// Connections to the HTTP server. Each costs a thread of some 20 KiB resident, 40 KiB once it has served
/// a request, and up to 170 KiB after a request with a regex of the deepest nesting allowed. A Prometheus
/// holds one or two connections.
pub const CONNECTIONS: usize = 1024;

/// File descriptors reserved for the rest of the daemon (workers' sockets, files, listeners) when the
/// host's limit caps the number of connections.
pub const DESCRIPTOR_RESERVE: usize = 64;

/// Bytes of a request line with all headers. Proxies send a few kilobytes at most.
pub const HEAD_BYTES: usize = 32 * 1024;

/// Headers of a request.
pub const HEADERS: usize = 100;

/// Bytes of a request's target: what a head at its limit has room for, beside a few headers.
pub const URL_BYTES: usize = 30 * 1024;

/// Bytes of a request's body: some ten thousand alerts. A body in gzip must fit both compressed and
/// inflated.
pub const BODY_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of large bodies in memory at once, over all connections, and as many of large answers. A body in
/// gzip counts twice while it is inflated.
pub const BUFFERED_BYTES: usize = 64 * 1024 * 1024;

/// Bodies and answers up to this size do not count against [`BUFFERED_BYTES`]: a connection costs its
/// thread anyway, and large bodies must not keep small ones out.
pub const UNCOUNTED_BYTES: usize = 16 * 1024;

/// Time for a request's head to arrive, from its first byte.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a request's body to arrive, from the end of its head.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for a client to read an answer; [`WRITE_PACE`] adds more for a large one.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// The least pace at which a client must read a large answer, in bytes a second.
pub const WRITE_PACE: u64 = 64 * 1024;

/// How long after a log line about a sender's clock the next one about that sender is written. People have
/// to correct the clock; a metric has the number of alerts.
pub const WARNED_AGAIN: Duration = Duration::from_secs(3600);

/// Senders that get a log line about their clocks within [`WARNED_AGAIN`]; each is remembered in some thirty
/// bytes. More addresses have one common cause, or are made up to fill the log.
pub const SENDERS_WARNED: usize = 1024;

/// Time that a connection may stay open without a request. Prometheus' client keeps idle connections for
/// five minutes, so the client is the first to close.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(310);

/// GETs that may be answered at once, on hosts with up to this many cores; other hosts allow one a core
/// (§10.2). As many streamed answers may be written at once, since they keep alerts in memory.
pub const CONCURRENT_READS: usize = 8;

/// How much later than `--web.timeout` an answer still counts. The thread that waits for the dispatcher gives
/// up at `--web.timeout`, and then needs time to wake and to write its answer.
pub const ANSWER_GRACE: Duration = Duration::from_millis(50);

/// How long a request waits for a place among [`REQUESTS_HANDLED`] before the client gets 503.
pub const PLACE_WAIT: Duration = Duration::from_secs(5);

/// Matchers of a silence. People write two or three; each is tried on many alerts.
pub const MATCHERS: usize = 1000;

/// Labels of an alert. People and exporters set a dozen; every matcher of every silence and route may have
/// to look through them.
pub const LABELS: usize = 1000;

/// Bytes of an alert's labels, names and values together. Labels are part of group keys, webhook bodies and
/// API answers, and regexes have to read their values.
pub const LABEL_BYTES: usize = 1 << 20;

/// Bytes of an alert's annotations and its link, names and values together. Every webhook body and every
/// API answer has all of them.
pub const ANNOTATION_BYTES: usize = 2 << 20;

/// Bytes of a body after each byte that is no UTF-8 was replaced by three. Its text has to fit into a
/// record of the journal.
pub const REPAIRED_BODY_BYTES: usize = 96 << 20;

/// Alerts in one body. Each makes one or two records, and all of them wait for the disk together.
pub const BODY_ALERTS: usize = 200_000;

/// Elements in one body of a source: those of an Alertmanager's largest groups fit.
pub const SOURCE_ELEMENTS: usize = 10_000;

/// Bytes of the texts of all alerts that one body of a source yields: as much as a body of the API may hold.
/// Templates can copy the body into every element of it.
pub const SOURCE_REPORT_BYTES: usize = BODY_BYTES;

/// Bytes of the key of a source's alert. PagerDuty's keys have 255, and a link fits; whoever makes keys of
/// more uses `sha256`.
pub const SOURCE_KEY_BYTES: usize = 4096;

/// Bytes of the annotation that names the faults of a source's templates: a few faults, for a person.
pub const SOURCE_FAULT_BYTES: usize = 1024;

/// Bytes of the boundary of a multipart form, as in RFC 2046. A longer one that the body nearly has in many
/// places would be compared with it for long.
pub const SOURCE_BOUNDARY_BYTES: usize = 70;

/// Fields of a form that a source is sent. Senders with forms have a handful.
pub const SOURCE_FIELDS: usize = 1000;

/// The highest bcrypt cost of a password. At 16 a check takes some seconds; each step up doubles that.
pub const PASSWORD_COST: u32 = 16;

/// The largest file that is read as part of the journal, in bytes: some ten times what the most alerts
/// take. A larger file is not ours, and to search it for frames could take hours.
pub const JOURNAL_FILE_BYTES: u64 = 16 << 30;
/// Bytes of a compiled regex, including the set of names that replaces a list of names. Two hundred regexes
/// of public alerting setups take 1 to 36 KB each. A list of a thousand names, each with an optional port,
/// takes 300 KB; 17,000 names of 28 letters take 1 MiB. Compiling 1 MiB takes some 10 ms.
pub const REGEX_BYTES: usize = 1 << 20;

/// Bytes of the text of a regex that is no list of names. Parsing takes up to some 200 bytes of memory for
/// each.
pub const REGEX_TEXT_BYTES: usize = 64 * 1024;

/// Steps of matching one value against one regex: bytes of the value times states of the program, which
/// takes some 30 bytes a state. A usual regex has 30 states and so can match values of 100 KB; the largest
/// one can match values of 110 bytes. This many steps take up to 10 ms and 512 KiB.
pub const REGEX_STEPS: usize = 4 << 20;

/// Steps of matching a regex that take as long as one of [`STEPS_AT_ONCE`].
pub const REGEX_STEPS_A_STEP: usize = 256;

/// Bytes of a compiled regex that take as long to compile as one of [`STEPS_AT_ONCE`].
pub const REGEX_BYTES_A_STEP: usize = 64;

/// Bytes of all compiled regexes of a request together: some 40 ms of work.
pub const REQUEST_REGEX_BYTES: usize = 4 << 20;

/// Bytes of all compiled regexes of a silence together.
pub const SILENCE_REGEX_BYTES: usize = 4 << 20;

/// Bytes of all compiled regexes of all silences together; equal regexes count once. Ten thousand
/// case-insensitive searches for a few letters take 15 MB.
pub const SILENCES_REGEX_BYTES: usize = 32 << 20;

/// How long a stop waits for requests and attempts under way.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How much longer than [`DRAIN`] threads may take to end.
pub const JOIN_GRACE: Duration = Duration::from_millis(400);

/// Bytes of the head of a receiver's answer that are read; the status that was read by then counts. A line
/// that does not fit into the buffer of a connection also ends the head.
pub const ANSWER_HEAD: usize = 64 * 1024;

/// Bytes of an answer's body that are read so that its connection can be reused. Beyond that a new
/// connection is cheaper.
pub const ANSWER_BODY: usize = 64 * 1024;

/// How long an answer's body is read. Only its status matters.
pub const ANSWER_BODY_TIME: Duration = Duration::from_secs(1);

/// The most bytes of an answer of the API that the command line reads: some two hundred thousand alerts,
/// several times over.
pub const API_ANSWER_BYTES: u64 = 1 << 30;

/// The most bytes of a file that the command line reads besides configurations: silences to import, data
/// of templates, and standard input. An import of a million silences fits.
pub const COMMAND_FILE_BYTES: u64 = 1 << 30;

/// Redirects that one attempt follows, as in Go.
pub const REDIRECTS: usize = 10;

/// How long an idle connection to a receiver is kept. Many servers close idle connections after a few
/// seconds, and a request that crosses such a close costs an attempt.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(15);

/// How much later the next of several addresses is tried, if the previous one has neither answered nor
/// failed. RFC 8305 recommends 250 ms; Go uses 300 ms.
pub const CONNECT_STAGGER: Duration = Duration::from_millis(250);

/// Addresses of one host that are tried for a connection. Each one that does not answer holds a socket.
pub const ADDRESSES_TRIED: usize = 16;

/// Bytes of a request that may wait in a connection while it is checked for an early answer. Beyond that
/// they are written first.
pub const UNSENT_BYTES: usize = 64 * 1024;

/// Hosts whose addresses and the like are remembered, beside those that a worker waits for.
pub const HOST_NAMES: usize = 256;

/// How long the addresses of a host name are used for new connections. Long enough that a burst of
/// connections makes one lookup; no longer, because a failover by DNS waits for it.
pub const ADDRESS_AGE: Duration = Duration::from_secs(5);

/// How long the addresses are used while the name cannot be looked up: the alert to be sent is often about
/// that very outage of DNS.
pub const ADDRESS_AGE_AT_MOST: Duration = Duration::from_secs(3600);

/// How long a failed lookup is remembered. Workers that wait for the same name share one lookup, so this is
/// only for those that come right after. It is short, so that a name that works again is found soon.
pub const LOOKUP_FAILURE_AGE: Duration = Duration::from_secs(1);

/// How long a worker waits for a lookup if older addresses are known.
pub const LOOKUP_PATIENCE: Duration = Duration::from_secs(1);

/// Lookups under way at a time, each on a thread that exists only for it. So many names may hang, usually
/// for half a minute, before other names have to wait.
pub const LOOKUP_THREADS: usize = 16;

/// Bytes of a file with a receiver's URL (`url_file`).
pub const URL_FILE: u64 = 64 * 1024;

/// HTTP clients (distinct `http_config`s) whose idle connections are kept. Beyond that the least recently
/// used client loses its connections; a new connection costs a handshake.
pub const HTTP_CLIENTS: usize = 256;

/// Bytes of a file with a password, a token or a header.
pub const SECRET_FILE: u64 = 64 * 1024;

/// Bytes of a receiver's file with certificates or a key. A bundle of all public authorities takes a
/// quarter of a megabyte.
pub const TLS_FILE: u64 = 4 << 20;

/// Bytes of a token server's answer that are read. Tokens of a few kilobytes exist.
pub const TOKEN_ANSWER: usize = 64 * 1024;

/// How long before its expiry a token is replaced, as in Go, so that it does not expire in transit.
pub const TOKEN_MARGIN: Duration = Duration::from_secs(10);

/// How long `--health` waits for a connection, and for each part of the answer. A health check is repeated
/// after some 30 seconds.
pub const HEALTH_PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of the first line of an answer that `--health` reads.
pub const HEALTH_LINE_BYTES: u64 = 1024;

/// Bytes of the last good configuration as it is kept: its files, its templates and its variables, with some
/// room for how JSON writes them.
pub const LAST_GOOD_BYTES: u64 = 2 * (CONFIG_FILE_BYTES + TEMPLATE_BYTES) as u64;

/// How often `--config.watch` looks at the files where the host has no inotify.
pub const WATCH_INTERVAL: Duration = Duration::from_secs(2);

/// How often it looks beside inotify, which sees no changes of other hosts and none behind links.
pub const WATCH_LONG_INTERVAL: Duration = Duration::from_secs(10);

/// How long the files have to stay as they are before they are loaded.
pub const WATCH_SETTLED: Duration = Duration::from_secs(1);

/// Lists of template files on their way to the watch, which takes all of them each time it looks.
pub const WATCH_CHANGES: usize = 8;

/// Comparisons of matchers that the search for routes that are never reached makes. A thousand routes side
/// by side take half of them, in some ten milliseconds; beyond it, fewer warnings are given.
pub const LINT_STEPS: usize = 1_000_000;

/// Files of a configuration folder. A host has a handful; a folder of ten thousand is not one of
/// configurations.
pub const CONFIG_FILES: usize = 1000;

/// Bytes of a configuration file, or of all files of a configuration folder. Ten thousand receivers fit; a log
/// file given by mistake does not.
pub const CONFIG_FILE_BYTES: usize = 4 << 20;

/// Nesting levels of `[` and `{` in a configuration file. People write three or four. The YAML scanner takes
/// quadratic time for them: 18 s for a hundred thousand.
pub const CONFIG_FLOW_DEPTH: usize = 64;

/// Bytes of a file that an Alertmanager left: about a million entries, more than an Alertmanager has.
pub const ALERTMANAGER_FILE_BYTES: u64 = 256 << 20;

/// Bytes of one message in such a file. The entry of a group of three million alerts fits; a greater number
/// cannot be a length.
pub const ALERTMANAGER_MESSAGE_BYTES: u64 = 32 << 20;

/// Faults of these files that are logged one by one. More lines do not help a reader.
pub const ALERTMANAGER_TROUBLES: usize = 20;

/// Bytes of a configuration after its YAML aliases are expanded, with [`CONFIG_NODE_BYTES`] for each key and
/// value. Without this bound, thirty kilobytes of aliases can expand to gigabytes.
pub const CONFIG_EXPANDED_BYTES: usize = 8 * CONFIG_FILE_BYTES;

/// Bytes that a key or a value counts beside its text: about what it takes in memory.
pub const CONFIG_NODE_BYTES: usize = 32;

/// Faults of a configuration file that are printed. More do not help a reader.
pub const CONFIG_FAULTS: usize = 50;

/// Bytes that are parsed again to find the line numbers of faults. Each fault takes one more pass over the
/// file, so for files beyond half a megabyte fewer faults are printed, and the answer comes in seconds.
pub const CONFIG_LOCATE_BYTES: usize = 24 << 20;

/// Template files of a configuration. People have a handful; a glob that matches the whole disk is a
/// mistake.
pub const TEMPLATE_FILES: usize = 1000;

/// Bytes of all template files together. They stay in memory, and are compiled at each reload.
pub const TEMPLATE_BYTES: usize = 8 << 20;

/// File names that one glob of template files may visit, so that `/*/*/*/*` ends soon.
pub const GLOB_NAMES: usize = 100_000;

/// Steps of rendering a template: actions, commands, loop iterations. A notification of ten thousand alerts
/// with twenty labels each fits.
pub const TEMPLATE_STEPS: usize = 2_000_000;

/// Bytes of a text that a function of a source's template takes or returns, that count as one step. The
/// templates of all elements of a body share [`TEMPLATE_STEPS`], and so work on 128 MB of text in all.
pub const TEMPLATE_BYTES_A_STEP: usize = 64;

/// Bytes of a template's output, and of each intermediate text.
pub const TEMPLATE_OUTPUT_BYTES: usize = 16 << 20;

/// Nesting depth of templates, conditions and loops during a rendering, at some 150 bytes a level. Go allows
/// 100,000 templates. A recursion over all alerts of a notification fits many times.
pub const TEMPLATE_DEPTH: usize = 100_000;

/// Bytes of values that the dots and variables of a rendering hold at once, and bytes of one list or map. A
/// recursion over the tails of a list of more than a thousand items fits.
pub const TEMPLATE_HELD_BYTES: usize = 32 << 20;

/// Nesting depth of the lists and maps that a template makes. They are printed and dropped recursively, on
/// the stack of a send thread.
pub const TEMPLATE_VALUE_DEPTH: usize = 64;

/// Nesting depth of parentheses in a template. In a debug build each takes up to some ten kilobytes of a
/// send thread's stack.
pub const TEMPLATE_PARENTHESES: usize = 64;

/// Length of a chain of route labels whose templates refer to one another. Each needs a rendering of its own.
pub const ROUTE_LABEL_DEPTH: usize = 8;

/// Bytes of a body that `alertwheel listen` shows: some five thousand alerts, more than a person reads on a
/// screen.
pub const LISTEN_BODY_BYTES: usize = 4 << 20;

/// Bytes of a larger body that `alertwheel listen` reads and discards after its answer. tiny_http allocates
/// all of them at once, without touching the memory, which most hosts allow for this many.
pub const LISTEN_DISCARDED_BYTES: usize = 256 << 20;

/// Threads of `alertwheel listen`, and so the answers that `--delay` holds back at a time. In a burst
/// tiny_http may hand over only four connections before one of them ends.
pub const LISTEN_THREADS: usize = 16;

/// Webhooks of `alertwheel listen` that wait to be printed. Together with those that the threads hold, they
/// take some eighty megabytes at most.
pub const LISTEN_WAITING_WEBHOOKS: usize = 4;

/// Levels by which `alertwheel listen` indents JSON. Beyond that, indentation would be most of the output.
pub const LISTEN_INDENT_LEVELS: usize = 32;

/// Calls that may wait for main: signals, reloads over HTTP, notices that a stage has ended.
pub const CALLS: usize = 64;

/// Log lines that may wait to be written. Further lines are dropped and counted: a stuck reader of the log
/// must not delay alerts.
pub const LOG_LINES: usize = 1024;

/// Bytes of a value in a log line, before escaping. All faults of a configuration fit; a group key with
/// megabytes of labels is cut.
pub const LOG_VALUE_BYTES: usize = 16 * 1024;

/// Groups with series of their own under `--enable-feature=group-key-in-metrics`: three series a group, a
/// few hundred bytes a series. The other groups share one.
pub const GROUP_SERIES: usize = 10_000;

/// Alert names with a series of their own under `--enable-feature=alert-names-in-metrics`. Only names beyond
/// `--alerts.per-alertname-limit` get one; further names share one.
pub const ALERT_NAME_SERIES: usize = 1000;

/// How long the process waits at its end for its last log lines to be written.
pub const LOG_FLUSH: Duration = Duration::from_millis(500);

/// How often main checks during a stop whether threads have ended.
pub const JOIN_PATIENCE: Duration = Duration::from_millis(5);

const _: () = assert!(
    WORKERS_PER_ENDPOINT < WORKERS,
    "one endpoint must not hold all workers"
);
const _: () = assert!(EVENTS > WORKERS, "outcomes of a burst must find room");
const _: () = assert!(
    INBOX > 2 * REQUESTS_HANDLED,
    "each request that is handled must find room on a calm day"
);
const _: () = assert!(
    CONFIG_LOCATE_BYTES >= CONFIG_FILE_BYTES,
    "at least one fault of the largest file must be found"
);
const _: () = assert!(
    URL_BYTES < HEAD_BYTES,
    "a target at its limit must fit into a head"
);
const _: () = assert!(
    BODY_BYTES < BATCH_FRAME_BYTES && BATCH_FRAME_BYTES + RECORD_BYTES < FRAME_BYTES,
    "what a body changes must fit into one frame, with room for the record that is last"
);
const _: () = assert!(
    2 * BODY_BYTES_MOST <= RECORD_BYTES,
    "what is in a body must fit into a record"
);
const _: () = assert!(
    BODY_BYTES_MOST <= REPAIRED_BODY_BYTES && REPAIRED_BODY_BYTES < RECORD_BYTES,
    "a body at its limit is taken, and what broken text makes of it fits into a record"
);
const _: () = assert!(
    2 * BODY_ALERTS < UNWRITTEN_RECORDS,
    "what one body changes must find room on its way to the disk"
);
const _: () = assert!(
    BODY_BYTES < BUFFERED_BYTES,
    "one body at its limit must not take all the room"
);
