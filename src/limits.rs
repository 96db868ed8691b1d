//! Every bound of the daemon, each with its reason.
//!
//! Owns the numbers; flags may override those that depend on the host. Read by `daemon.rs` and by
//! the stage a bound belongs to.

use std::time::Duration;

/// Requests that may wait for the dispatcher. As many as are handled are out at once, and those
/// whose senders were told that it takes too long, so a full inbox means that the dispatcher is far
/// behind; the sender then hears 503.
pub const INBOX: usize = 64;

/// How long the dispatcher takes in what has come before it hands over what came of that, and how long
/// it reads after that. Whoever waits for an acknowledgement hears of neither.
pub const TURN: Duration = Duration::from_millis(5);

/// Steps of a reading that are taken before the clock is looked at: each is an alert or a silence that
/// is tried, so that they take a tenth of a turn, or some turns where silences have long regexes.
pub const STEPS_AT_ONCE: usize = 1024;

/// Alerts of a post that are taken in before others get their turn: some 5 ms. Those of a larger post are taken
/// in over several turns, so that its groups may be notified before the last of it is in.
pub const ALERTS_AT_ONCE: usize = 2048;

/// Steps that a flush takes to find out which silences match its alerts before others get their turn: some 5 ms.
pub const STEPS_OF_A_FLUSH: usize = 8 * STEPS_AT_ONCE;

/// Events from our own stages that may wait. The timer sends batches and each worker one outcome
/// at a time, so this is more than can be under way at once.
pub const EVENTS: usize = 1024;

/// Batches of alarm commands under way to the timer, each of a moment of the dispatcher. What does not fit
/// waits in the dispatcher, merged.
pub const TIMER_COMMANDS: usize = 64;

/// Alarm commands that wait in the dispatcher before superseded ones are dropped. After that there
/// is at most one for each alarm.
pub const UNTOLD_COMMANDS: usize = 4096;

/// Effects of one input that the dispatcher keeps room for, some hundred kilobytes: a batch of
/// Prometheus makes a few hundred.
pub const EFFECTS_KEPT: usize = 1024;

/// Batches under way to the journal, at most one for each turn of the dispatcher. It takes all that wait
/// together, so more only come together while the disk is slow.
pub const BATCHES: usize = 64;

/// How long the dispatcher holds records that nobody was promised anything about, so that they go out
/// with the next ones: of what was told, mostly. A process that is killed this soon after one tells the
/// same once more when it is started again, so it is no longer than an answer from a near host takes
/// anyway.
pub const RECORDS_HELD: Duration = Duration::from_millis(5);

/// Records that are held at most, so that the journal writes while the dispatcher decides.
pub const RECORDS_HELD_AT_MOST: usize = 512;

/// Records that wait in the dispatcher while the journal has no room, some fifty megabytes. Past
/// them they are let go, and the journal is given the whole state once it has room.
pub const UNWRITTEN_RECORDS: usize = 500_000;

/// Bytes that a frame of the journal may take; a length past this is damage.
pub const FRAME_BYTES: usize = 256 * 1024 * 1024;

/// Bytes that a record of the journal may take. Those of requests are no larger than a body; a list
/// of what was told comes here with sixteen million alerts in one group, and is then left out.
pub const RECORD_BYTES: usize = 128 * 1024 * 1024;

/// The most that `--web.max-body-bytes` may allow: what a body makes has to fit into a record.
pub const BODY_BYTES_MOST: usize = 64 * 1024 * 1024;

/// Bytes after which the records of one turn go on in a further frame: more than the largest body
/// makes, so that what one request changed stays together.
pub const BATCH_FRAME_BYTES: usize = 64 * 1024 * 1024;

/// Bytes after which a snapshot goes on in a further frame, which is what reading it back holds at
/// a time.
pub const SNAPSHOT_FRAME_BYTES: usize = 1024 * 1024;

/// Bytes of the journal's buffer that are kept between writes. A turn mostly takes a few kilobytes.
pub const FRAME_BUFFER_BYTES: usize = 256 * 1024;

/// Damaged files of the journal that are kept for somebody to look at. A disk that fails makes ever
/// more of them.
pub const DAMAGED_FILES: usize = 8;
/// Bytes that the journal keeps in memory while it cannot write: some ten thousand alerts. Past
/// them it lets them go, and is given the whole state once it can write.
pub const UNWRITTEN_BYTES: usize = 4 << 20;

/// How soon the journal tries again to write, and how late at most: trying everything anew is a lot
/// of work each time.
pub const JOURNAL_RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Bytes of a segment of the journal, unless the state is large. A segment that is full is not
/// written any more, and so can be compacted.
pub const SEGMENT_BYTES: u64 = 1 << 20;

/// Bytes that may lie in the journal beside what counts before it is compacted, however little that
/// is: below, the files are not worth the work.
pub const COMPACTION_LEAST: u64 = 256 << 10;

/// Segments that may lie in the journal before it is compacted, however small they are: each start
/// begins one.
pub const SEGMENTS: usize = 64;

/// How long after a compaction that failed the next one is tried, if there is not much more to
/// compact before that.
pub const COMPACTION_RETRY: Duration = Duration::from_secs(60);

/// Bytes that the journal writes in one go while more waits, so that its buffers stay small.
pub const WRITE_BYTES: usize = 1 << 20;

/// How long data may stay in memory alone unless `--storage.sync` says otherwise.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Rings the timer hands over at a time, so that a million due at once do not arrive as one lump.
pub const RINGS_PER_EVENT: usize = 512;

/// Attempts under way at once, each with a thread, beside one for each endpoint. Each waits for the
/// network nearly all of its time and costs some 50 KiB while it lives. Four hundred receivers that take a
/// second are told of eight thousand groups in twenty.
pub const WORKERS: usize = 400;

/// Attempts that one endpoint may have at a time if it is seen to bear them: a receiver with half a second
/// of latency then takes four hundred posts a second.
pub const WORKERS_PER_ENDPOINT: usize = 200;

/// Workers that stay when there is nothing to do, so that a page waits for no thread to be made.
pub const WORKERS_KEPT: usize = 2;

/// How long a worker beyond those waits for another job before it ends.
pub const WORKER_IDLE: Duration = Duration::from_secs(10);

/// Alerts kept, resolved ones included. At half a kilobyte each this is about a gigabyte.
pub const ALERTS: usize = 2_000_000;

/// Bytes of text that the alerts kept may have together, so that few large ones take no more than
/// [`ALERTS`] of the usual size.
pub const ALERT_TEXT_BYTES: usize = 1 << 30;

/// Bytes of all silences kept, expired ones included, in the measure of
/// `--silences.max-silence-size-bytes`: some hundred thousand of the usual size.
pub const SILENCE_TEXT_BYTES: usize = 64 << 20;

/// GETs that are handled at once, and as many other requests: bodies parsed, the dispatcher asked, answers made.
/// Mostly they wait for the dispatcher.
pub const REQUESTS_HANDLED: usize = 4;

/// Passwords that are checked at once. A check takes tens of milliseconds of one core on purpose;
/// a flood of wrong ones must leave the other cores to alerts.
pub const PASSWORD_CHECKS: usize = 1;

/// How long a request waits for its password to be checked before its sender hears 503.
pub const PASSWORD_WAIT: Duration = Duration::from_secs(5);

/// Right passwords that are remembered, as digests: more than there are users, mostly. As many wrong ones
/// are, so that a client with an old password costs next to nothing.
pub const PASSWORDS_REMEMBERED: usize = 256;

/// Bytes of a file with certificates or a key. A host's whole list of authorities fits.
pub const PEM_BYTES: u64 = 1 << 20;

/// Connections open at the front door. Each costs a thread of some 20 KiB resident, 40 KiB once
/// it has served, and up to 170 KiB if it was asked with a regex nested as deep as may be; a
/// Prometheus holds one or two.
pub const CONNECTIONS: usize = 1024;

/// Descriptors left to the rest of the daemon when connections are capped by the host's limit:
/// the workers' sockets, files, listeners.
pub const DESCRIPTOR_RESERVE: usize = 64;

/// Bytes of a request line with all headers; proxies send a few kilobytes at most.
pub const HEAD_BYTES: usize = 32 * 1024;

/// Headers of a request.
pub const HEADERS: usize = 100;

/// Bytes of a request's target: what a head at its limit has room for beside its headers.
pub const URL_BYTES: usize = 30 * 1024;

/// Bytes of a request's body, which for one in gzip holds as it comes and as it inflates: some ten
/// thousand alerts.
pub const BODY_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of large bodies held at once, over all connections, and as many of large answers. One in gzip is
/// held twice while it is inflated.
pub const BUFFERED_BYTES: usize = 64 * 1024 * 1024;

/// A body or an answer up to here is held without being counted against [`BUFFERED_BYTES`]:
/// a connection costs its thread anyway, and large bodies must not keep small ones out.
pub const UNCOUNTED_BYTES: usize = 16 * 1024;

/// Time a head may take from its first byte on.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Time a body may take once the head is there.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Time a peer may take to read an answer, before what [`WRITE_PACE`] adds for a large one.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Bytes a second that a reader of a large answer must take at least.
pub const WRITE_PACE: u64 = 64 * 1024;

/// How long after a line about the clock of a sender another one is written. What is wrong is for people
/// to set right, and its number is in a metric.
pub const WARNED_AGAIN: Duration = Duration::from_secs(3600);

/// Senders about whose clocks a line is written within that time, of some thirty bytes each. More
/// addresses than that are one fault, or somebody who makes them up to fill the log.
pub const SENDERS_WARNED: usize = 1024;

/// Time a connection may stay open without a request. Prometheus' client keeps its idle
/// connections for five minutes, so it is the one to close first.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(310);

/// The least number of GETs that may be answered at once; hosts with more cores allow one a core (§10.2).
/// As many may be written at once whose answer is made meanwhile, since those hold on to alerts.
pub const CONCURRENT_READS: usize = 8;

/// How much later than `--web.timeout` an answer still counts: who waits for the dispatcher gives up by
/// itself at that time, and has to wake up and say so.
pub const ANSWER_GRACE: Duration = Duration::from_millis(50);

/// How long a request waits until it may be handled before its sender hears 503.
pub const PLACE_WAIT: Duration = Duration::from_secs(5);

/// Matchers of a silence. People write two or three, and each is tried on many alerts.
pub const MATCHERS: usize = 1000;

/// Labels of an alert. People and exporters set a dozen; each matcher of each silence and route may look at
/// all of them.
pub const LABELS: usize = 1000;

/// Bytes of an alert's labels, names and values together. They are in the key of its group, in each body
/// and in each answer, and each regex that asks for one of them reads it.
pub const LABEL_BYTES: usize = 1 << 20;

/// Bytes of an alert's annotations and its link, names and values together. Each receiver gets all of them,
/// and each reader.
pub const ANNOTATION_BYTES: usize = 2 << 20;

/// Bytes that a body may have once each byte of it that is no UTF-8 is replaced by three: a record has to
/// have room for it.
pub const REPAIRED_BODY_BYTES: usize = 96 << 20;

/// Alerts in one body, of the smallest there are. Each makes a record or two that wait for the disk
/// together.
pub const BODY_ALERTS: usize = 200_000;

/// The highest cost of a password's hash: at 16 a check takes some seconds, and twice as long with each
/// one more.
pub const PASSWORD_COST: u32 = 16;

/// Bytes of a file of the journal, some ten times what the most alerts take. What is larger is not ours,
/// and to look for frames in it could take hours.
pub const JOURNAL_FILE_BYTES: u64 = 16 << 30;
/// Bytes that a regex may take once compiled, the names of a set that stands for a list of them included.
/// Two hundred regexes of public alerting setups take 1 to 36 KB, a list of a thousand names with a port
/// behind each that may be missing 300 KB, 17,000 names of 28 letters 1 MiB. Compiling so much takes some 10 ms.
pub const REGEX_BYTES: usize = 1 << 20;

/// Bytes of a regex that is no list of names. Each takes up to some 200 bytes of memory while it is read.
pub const REGEX_TEXT_BYTES: usize = 64 * 1024;

/// Steps that finding out whether a value matches a regex may take: bytes of the value times states of the
/// program, each of some 30 bytes. A usual regex has 30 states, so that values of 100 KB are looked at, and
/// the largest one still looks at values of 110 bytes. So many steps take up to 10 ms and 512 KiB.
pub const REGEX_STEPS: usize = 4 << 20;

/// Steps of a regex that take as long as a step of a reading.
pub const REGEX_STEPS_A_STEP: usize = 256;

/// Bytes of a compiled regex that take as long to compile as a step of a reading.
pub const REGEX_BYTES_A_STEP: usize = 64;

/// Bytes that the regexes of a request may take once compiled, all together: some 40 ms of work.
pub const REQUEST_REGEX_BYTES: usize = 4 << 20;

/// Bytes that the regexes of a silence may take once compiled, all together.
pub const SILENCE_REGEX_BYTES: usize = 4 << 20;

/// Bytes that the regexes of all silences may take once compiled, equal ones counted once: ten thousand that
/// look for letters of any case somewhere take 15 MB.
pub const SILENCES_REGEX_BYTES: usize = 32 << 20;

/// How long a stop waits for requests and attempts under way.
pub const DRAIN: Duration = Duration::from_secs(5);

/// How much longer threads may take to end once nothing is waited for any more.
pub const JOIN_GRACE: Duration = Duration::from_millis(400);

/// Bytes of the head of a receiver's answer that are read. What has been said by then counts; a line that
/// does not fit into the buffer of a connection ends a head as well.
pub const ANSWER_HEAD: usize = 64 * 1024;

/// Bytes of an answer's body that are read so that its connection can serve again. Past them a
/// new connection is cheaper.
pub const ANSWER_BODY: usize = 64 * 1024;

/// How long an answer's body is read: the status has said all that matters.
pub const ANSWER_BODY_TIME: Duration = Duration::from_secs(1);

/// Redirects that one attempt follows, as in Go.
pub const REDIRECTS: usize = 10;

/// How long an unused connection to a receiver is kept. Many servers close theirs after a few
/// seconds, and a request that crosses such a close on the way costs an attempt.
pub const IDLE_CONNECTION: Duration = Duration::from_secs(15);

/// How much later the next of several addresses is tried, if the one before has neither answered nor
/// failed: what RFC 8305 recommends, and Go takes 300 ms for.
pub const CONNECT_STAGGER: Duration = Duration::from_millis(250);

/// Addresses of one host that are tried for a connection. Each that does not answer costs a socket
/// meanwhile.
pub const ADDRESSES_TRIED: usize = 16;

/// Bytes of a request that wait in a connection while what its other end has to say is looked at: a few
/// pieces. Past it they go out first.
pub const UNSENT_BYTES: usize = 64 * 1024;

/// Hosts that something is remembered of, such as their addresses. Those that somebody waits for come on
/// top.
pub const HOST_NAMES: usize = 256;

/// How long the addresses of a host name are used for new connections. Long enough that a crowd of them
/// asks once, and no longer, because failovers by DNS wait for it.
pub const ADDRESS_AGE: Duration = Duration::from_secs(5);

/// How long they are used while the name cannot be looked up: an outage of DNS is often what there is to
/// tell.
pub const ADDRESS_AGE_AT_MOST: Duration = Duration::from_secs(3600);

/// How long a failed lookup is taken for granted. Those who wait for the same name share one, so this is
/// only for those who come right after; and a name that is back should be found soon.
pub const LOOKUP_FAILURE_AGE: Duration = Duration::from_secs(1);

/// How long a lookup is waited for where older addresses are known.
pub const LOOKUP_PATIENCE: Duration = Duration::from_secs(1);

/// Lookups under way at a time, each on a thread that exists only meanwhile. So many names may hang, for
/// half a minute mostly, before others wait for them.
pub const LOOKUP_THREADS: usize = 16;

/// Bytes that a file with a receiver's address may have.
pub const URL_FILE: u64 = 64 * 1024;

/// Ways to speak to receivers (distinct `http_config`s) whose connections are kept. Past it the one
/// that was left alone the longest gives its connections up; a new one costs a handshake.
pub const HTTP_CLIENTS: usize = 256;

/// Bytes that a file with a password, a token or a header may have.
pub const SECRET_FILE: u64 = 64 * 1024;

/// Bytes that a file with certificates or a key may have: a bundle of all public authorities
/// takes a quarter of a megabyte.
pub const TLS_FILE: u64 = 4 << 20;

/// Bytes of a token server's answer that are read. Tokens of a few kilobytes exist.
pub const TOKEN_ANSWER: usize = 64 * 1024;

/// How long before its end a token is replaced, as in Go, so that it does not end on its way.
pub const TOKEN_MARGIN: Duration = Duration::from_secs(10);

/// Bytes of a configuration file. Ten thousand receivers fit; a log file named by mistake does not.
pub const CONFIG_FILE_BYTES: usize = 4 << 20;

/// Levels of `[` and `{` in a configuration file. The YAML scanner takes quadratic time for them,
/// 18 s for a hundred thousand; people write three or four.
pub const CONFIG_FLOW_DEPTH: usize = 64;

/// Bytes of a file that an Alertmanager left: about a million entries, more than one has.
pub const ALERTMANAGER_FILE_BYTES: u64 = 256 << 20;

/// Bytes of a message in such a file. The entry of a group of three million alerts fits; past that,
/// what stands there is no length.
pub const ALERTMANAGER_MESSAGE_BYTES: u64 = 32 << 20;

/// Troubles with these files that are told one by one; more do not help whoever reads them.
pub const ALERTMANAGER_TROUBLES: usize = 20;

/// Bytes that a configuration may have once its aliases are written out, with
/// [`CONFIG_NODE_BYTES`] for each key and value. Thirty kilobytes of aliases can stand for
/// gigabytes otherwise.
pub const CONFIG_EXPANDED_BYTES: usize = 8 * CONFIG_FILE_BYTES;

/// What a key or a value costs beside its text; about what it takes in memory.
pub const CONFIG_NODE_BYTES: usize = 32;

/// Faults of a configuration file that are printed; more do not help whoever reads them.
pub const CONFIG_FAULTS: usize = 50;

/// Bytes that are parsed again to find the lines of faults, each of which takes one more pass over
/// the file. Beyond half a megabyte fewer faults are printed, so that the answer comes in seconds.
pub const CONFIG_LOCATE_BYTES: usize = 24 << 20;

/// Template files of a configuration. People have a handful; a glob that names the whole disk is a
/// mistake.
pub const TEMPLATE_FILES: usize = 1000;

/// Bytes of all template files together; they are kept in memory, and compiled at each reload.
pub const TEMPLATE_BYTES: usize = 8 << 20;

/// Names that are looked at for one glob of template files, so that `/*/*/*/*` ends soon.
pub const GLOB_NAMES: usize = 100_000;

/// Steps that rendering a template may take: actions, commands, turns of loops. A notification of ten
/// thousand alerts with twenty labels each fits.
pub const TEMPLATE_STEPS: usize = 2_000_000;

/// Bytes of what a template renders, and of each text on the way there.
pub const TEMPLATE_OUTPUT_BYTES: usize = 16 << 20;

/// Templates, conditions and loops that may be open at once, at some 150 bytes each. Go allows 100,000
/// templates; a recursion over all alerts of a notification fits many times.
pub const TEMPLATE_DEPTH: usize = 100_000;

/// Bytes of values that the dots and variables of a rendering hold at once, and those of a list or a
/// map: a recursion over all but the first of more than a thousand items fits.
pub const TEMPLATE_HELD_BYTES: usize = 32 << 20;

/// Lists and maps that a template may put into one another: they are printed, and let go of, on the
/// stack of a send thread.
pub const TEMPLATE_VALUE_DEPTH: usize = 64;

/// Parentheses that may be open at once. Each takes up to some ten kilobytes of a send thread's stack
/// without optimisation.
pub const TEMPLATE_PARENTHESES: usize = 64;

/// Labels of a route that may ask for one another in a row; each brings a rendering of its own.
pub const ROUTE_LABEL_DEPTH: usize = 8;

/// Bytes of a body that `alertwheel listen` takes: some five thousand alerts, more than anybody reads on
/// a screen.
pub const LISTEN_BODY_BYTES: usize = 4 << 20;

/// Bytes of a larger body that `alertwheel listen` throws away once it has answered. tiny_http makes room
/// for all of them at once, without touching it, which most hosts allow for this many.
pub const LISTEN_DISCARDED_BYTES: usize = 256 << 20;

/// Threads of `alertwheel listen`, and so answers that `--delay` holds back at a time. In a burst tiny_http
/// hands over as few as four connections before one of them ends.
pub const LISTEN_THREADS: usize = 16;

/// Webhooks that wait for the terminal. With those of the threads they take some eighty megabytes at most.
pub const LISTEN_WAITING_WEBHOOKS: usize = 4;

/// Levels by which JSON is indented. Past them the indentation would be most of what is printed.
pub const LISTEN_INDENT_LEVELS: usize = 32;

/// Calls that may wait for main: signals, reloads over HTTP, notices that a stage has ended.
pub const CALLS: usize = 64;

/// Log lines that may wait to be written. Past it lines are lost and counted: a log that nobody
/// reads must not hold up alerts.
pub const LOG_LINES: usize = 1024;

/// Bytes of a value in a log line, before what is odd in it is escaped. All faults of a configuration fit;
/// the name of a group whose labels are megabytes long need not be written at each attempt.
pub const LOG_VALUE_BYTES: usize = 16 * 1024;

/// Groups that have series of their own under `--enable-feature=group-key-in-metrics`; three each, a
/// few hundred bytes a series. The others count together.
pub const GROUP_SERIES: usize = 10_000;

/// Names of alerts that have a series of their own under `--enable-feature=alert-names-in-metrics`.
/// Only names past `--alerts.per-alertname-limit` get one; the others count together.
pub const ALERT_NAME_SERIES: usize = 1000;

/// How long the end of the process waits for its last log lines.
pub const LOG_FLUSH: Duration = Duration::from_millis(500);

/// How soon main looks again whether threads have ended, once at a stop.
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
