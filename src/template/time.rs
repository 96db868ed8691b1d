//! PURE. Formats and parses times by Go's layouts, which are examples of a fixed reference date.
//!
//! Owns the meaning of the pieces of a layout. Never reads a clock. Called on send threads and on the thread
//! that loads the configuration.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, ZonedDateTime};

/// Go's default layout.
const DEFAULT_LAYOUT: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A piece of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Year,
    ShortYear,
    MonthName,
    ShortMonthName,
    Month,
    ZeroMonth,
    WeekdayName,
    ShortWeekdayName,
    Day,
    SpaceDay,
    ZeroDay,
    YearDay,
    SpaceYearDay,
    Hour,
    HalfHour,
    ZeroHalfHour,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    /// A fraction of a second with this number of digits; trailing zeros are dropped if the layout has nines.
    Fraction {
        separator: char,
        digits: usize,
        drops_zeros: bool,
    },
    UpperNoon,
    LowerNoon,
    ZoneName,
    Offset {
        is_z_for_zero: bool,
        has_colons: bool,
        parts: u8,
    },
}

/// The spelling of each piece in layouts; longer ones come before their prefixes.
const PIECES: [(&str, Piece); 34] = [
    ("January", Piece::MonthName),
    ("Jan", Piece::ShortMonthName),
    ("Monday", Piece::WeekdayName),
    ("Mon", Piece::ShortWeekdayName),
    ("MST", Piece::ZoneName),
    ("002", Piece::YearDay),
    ("__2", Piece::SpaceYearDay),
    ("01", Piece::ZeroMonth),
    ("02", Piece::ZeroDay),
    ("03", Piece::ZeroHalfHour),
    ("04", Piece::ZeroMinute),
    ("05", Piece::ZeroSecond),
    ("06", Piece::ShortYear),
    ("15", Piece::Hour),
    ("1", Piece::Month),
    ("2006", Piece::Year),
    ("2", Piece::Day),
    ("_2", Piece::SpaceDay),
    ("3", Piece::HalfHour),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::UpperNoon),
    ("pm", Piece::LowerNoon),
    ("-07:00:00", offset(false, true, 3)),
    ("-070000", offset(false, false, 3)),
    ("-07:00", offset(false, true, 2)),
    ("-0700", offset(false, false, 2)),
    ("-07", offset(false, false, 1)),
    ("Z07:00:00", offset(true, true, 3)),
    ("Z070000", offset(true, false, 3)),
    ("Z07:00", offset(true, true, 2)),
    ("Z0700", offset(true, false, 2)),
    ("Z07", offset(true, false, 1)),
    ("_2006", Piece::Year),
];

const fn offset(is_z_for_zero: bool, has_colons: bool, parts: u8) -> Piece {
    Piece::Offset {
        is_z_for_zero,
        has_colons,
        parts,
    }
}

/// The name of the month `number`, from 1.
pub fn month_name(number: i8) -> &'static str {
    MONTHS[usize::try_from(number - 1).unwrap_or(0).min(11)]
}

/// The name of the day of the week `number`, from 0 for Sunday.
pub fn weekday_name(number: i8) -> &'static str {
    WEEKDAYS[usize::try_from(number).unwrap_or(0).min(6)]
}

/// The time in Go's default layout.
pub fn shown(time: &ZonedDateTime) -> String {
    format(time, DEFAULT_LAYOUT)
}

/// The time plus these years, months and days of the calendar; a day beyond the end of its month falls into
/// the next one, as in Go. `None` if the result is out of range.
pub fn add_date(time: &ZonedDateTime, years: i64, months: i64, days: i64) -> Option<ZonedDateTime> {
    let months = i64::from(time.year())
        .checked_add(years)?
        .checked_mul(12)?
        .checked_add(i64::from(time.month()) - 1)?
        .checked_add(months)?;
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    let days = i64::from(time.day()) - 1 + i64::from(i32::try_from(days).ok()?);
    let first = jiff::civil::Date::new(year, month, 1).ok()?;
    let date = first
        .checked_add(SignedDuration::from_hours(24 * days))
        .ok()?;
    date.to_datetime(time.time())
        .to_zoned_datetime(time.time_zone().clone())
        .ok()
}

/// The time as Go source.
pub fn as_source(time: &ZonedDateTime) -> String {
    let (month, nanosecond) = (month_name(time.month()), time.subsec_nanosecond());
    let (year, day) = (time.year(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let zone = match zone_name(time).as_str() {
        "UTC" => "time.UTC".to_owned(),
        _ => {
            let name = time.time_zone().iana_name().unwrap_or_default();
            format!("time.Location({})", quoted(name))
        }
    };
    format!(
        "time.Date({year}, time.{month}, {day}, {hour}, {minute}, {second}, {nanosecond}, {zone})"
    )
}

/// Formats `time` by `layout`.
pub fn format(time: &ZonedDateTime, layout: &str) -> String {
    let mut out = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        match next_piece(rest) {
            Some((piece, length)) => {
                // An underscore before the year is literal.
                if rest.starts_with("_2006") {
                    out.push('_');
                }
                write_piece(&mut out, time, piece);
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// The piece at the start of `layout`, and its length.
fn next_piece(layout: &str) -> Option<(Piece, usize)> {
    if let Some(found) = fraction(layout) {
        return Some(found);
    }
    let (text, piece) = PIECES
        .iter()
        .filter(|(text, _)| layout.starts_with(text))
        .max_by_key(|(text, _)| text.len())?;
    // "Januar" is no piece: a short name must not be followed by a lower-case letter.
    let is_cut = matches!(piece, Piece::ShortMonthName | Piece::ShortWeekdayName)
        && layout[text.len()..].starts_with(|next: char| next.is_ascii_lowercase());
    (!is_cut).then_some((*piece, text.len()))
}

/// A point or comma, followed by zeros or nines and then no further digit.
fn fraction(layout: &str) -> Option<(Piece, usize)> {
    let separator = layout
        .chars()
        .next()
        .filter(|first| matches!(first, '.' | ','))?;
    let rest = &layout[1..];
    let digit = rest
        .chars()
        .next()
        .filter(|digit| matches!(digit, '0' | '9'))?;
    let digits = rest.len() - rest.trim_start_matches(digit).len();
    let is_followed = rest[digits..].starts_with(|next: char| next.is_ascii_digit());
    let drops_zeros = digit == '9';
    let piece = Piece::Fraction {
        separator,
        digits,
        drops_zeros,
    };
    (!is_followed).then_some((piece, 1 + digits))
}

fn write_piece(out: &mut String, time: &ZonedDateTime, piece: Piece) {
    let half_hour = (time.hour() + 11) % 12 + 1;
    let weekday = weekday_name(time.weekday().to_sunday_zero_offset());
    let text = match piece {
        Piece::Year => year_text(time.year()),
        Piece::ShortYear => format!("{:02}", time.year().rem_euclid(100)),
        Piece::MonthName => month_name(time.month()).to_owned(),
        Piece::ShortMonthName => month_name(time.month())[..3].to_owned(),
        Piece::Month => time.month().to_string(),
        Piece::ZeroMonth => format!("{:02}", time.month()),
        Piece::WeekdayName => weekday.to_owned(),
        Piece::ShortWeekdayName => weekday[..3].to_owned(),
        Piece::Day => time.day().to_string(),
        Piece::SpaceDay => format!("{:2}", time.day()),
        Piece::ZeroDay => format!("{:02}", time.day()),
        Piece::YearDay => format!("{:03}", time.day_of_year()),
        Piece::SpaceYearDay => format!("{:3}", time.day_of_year()),
        Piece::Hour => format!("{:02}", time.hour()),
        Piece::HalfHour => half_hour.to_string(),
        Piece::ZeroHalfHour => format!("{half_hour:02}"),
        Piece::Minute => time.minute().to_string(),
        Piece::ZeroMinute => format!("{:02}", time.minute()),
        Piece::Second => time.second().to_string(),
        Piece::ZeroSecond => format!("{:02}", time.second()),
        Piece::Fraction {
            separator,
            digits,
            drops_zeros,
        } => fraction_text(time.subsec_nanosecond(), separator, digits, drops_zeros),
        Piece::UpperNoon => if time.hour() < 12 { "AM" } else { "PM" }.to_owned(),
        Piece::LowerNoon => if time.hour() < 12 { "am" } else { "pm" }.to_owned(),
        Piece::ZoneName => zone_name(time),
        Piece::Offset {
            is_z_for_zero: true,
            ..
        } if time.offset().is_zero() => "Z".to_owned(),
        Piece::Offset {
            has_colons, parts, ..
        } => offset_text(time.offset(), has_colons, parts),
    };
    out.push_str(&text);
}

fn year_text(year: i16) -> String {
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}", year.unsigned_abs())
}

fn fraction_text(nanoseconds: i32, separator: char, digits: usize, drops_zeros: bool) -> String {
    let all = format!("{nanoseconds:09}");
    let padded = format!("{all:0<digits$}");
    let cut = &padded[..digits];
    if !drops_zeros {
        return format!("{separator}{cut}");
    }
    match cut.trim_end_matches('0') {
        "" => String::new(),
        kept => format!("{separator}{kept}"),
    }
}

fn zone_name(time: &ZonedDateTime) -> String {
    let zone = time.time_zone();
    if zone == &TimeZone::UTC {
        return "UTC".to_owned();
    }
    match zone.to_fixed_offset() {
        Ok(offset) if offset.is_zero() => "UTC".to_owned(),
        Ok(offset) => offset_text(offset, false, 2),
        Err(_) => zone
            .to_offset_info(time.timestamp())
            .abbreviation()
            .to_owned(),
    }
}

fn offset_text(offset: Offset, has_colons: bool, parts: u8) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let size = seconds.unsigned_abs();
    let all = [size / 3600, size / 60 % 60, size % 60];
    let shown: Vec<String> = all
        .iter()
        .take(parts.into())
        .map(|part| format!("{part:02}"))
        .collect();
    format!("{sign}{}", shown.join(if has_colons { ":" } else { "" }))
}

/// Parses `text` by `layout`; the error is in Go's words.
pub fn parse(layout: &str, text: &str) -> Result<ZonedDateTime, String> {
    parse_in(layout, text, TimeZone::UTC)
}

/// Parses `text` by `layout`. A text without an offset is a time in `zone`.
pub fn parse_in(layout: &str, text: &str, zone: TimeZone) -> Result<ZonedDateTime, String> {
    let mut reading = Reading::new(text);
    let fault = |piece: &str, at: &str| {
        format!(
            "parsing time {} as {}: cannot parse {} as {}",
            quoted(text),
            quoted(layout),
            quoted(at),
            quoted(piece)
        )
    };
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        let (piece, length) = match next_piece(rest) {
            Some((piece, length)) => (Some(piece), length),
            None => (None, first.len_utf8()),
        };
        let at = reading.rest;
        let is_read = match piece {
            Some(piece) => reading.take(piece),
            None => reading.take_literal(first),
        };
        is_read.ok_or_else(|| fault(&rest[..length], at))?;
        rest = &rest[length..];
    }
    if !reading.rest.is_empty() {
        return Err(format!(
            "parsing time {}: extra text: {}",
            quoted(text),
            quoted(reading.rest)
        ));
    }
    reading
        .finish(zone)
        .ok_or_else(|| format!("parsing time {}: day out of range", quoted(text)))
}

fn quoted(text: &str) -> String {
    crate::model::go_quote(text)
}

/// The state of the parser.
struct Reading<'a> {
    rest: &'a str,
    year: i16,
    month: i8,
    day: i8,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    is_afternoon: Option<bool>,
    offset_seconds: Option<i32>,
}

impl<'a> Reading<'a> {
    fn new(text: &'a str) -> Self {
        Reading {
            rest: text,
            year: 0,
            month: 1,
            day: 1,
            year_day: None,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            is_afternoon: None,
            offset_seconds: None,
        }
    }

    fn take_literal(&mut self, literal: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(literal)?;
        Some(())
    }

    fn take(&mut self, piece: Piece) -> Option<()> {
        match piece {
            Piece::Year => self.year = self.number(4, 4)?,
            Piece::ShortYear => {
                let year: i16 = self.number(2, 2)?;
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
            }
            Piece::MonthName => self.month = self.name(&MONTHS, usize::MAX)?,
            Piece::ShortMonthName => self.month = self.name(&MONTHS, 3)?,
            Piece::WeekdayName => drop(self.name::<7>(&WEEKDAYS, usize::MAX)?),
            Piece::ShortWeekdayName => drop(self.name::<7>(&WEEKDAYS, 3)?),
            Piece::Month => self.month = self.number(1, 2)?,
            Piece::ZeroMonth => self.month = self.number(2, 2)?,
            Piece::Day => self.day = self.number(1, 2)?,
            Piece::SpaceDay => {
                self.rest = self.rest.strip_prefix(' ').unwrap_or(self.rest);
                self.day = self.number(1, 2)?;
            }
            Piece::ZeroDay => self.day = self.number(2, 2)?,
            Piece::YearDay => self.year_day = Some(self.number(3, 3)?),
            Piece::SpaceYearDay => {
                self.rest = self.rest.trim_start_matches(' ');
                self.year_day = Some(self.number(1, 3)?);
            }
            Piece::Hour => self.hour = self.number(2, 2)?,
            Piece::HalfHour => self.hour = self.number(1, 2)?,
            Piece::ZeroHalfHour => self.hour = self.number(2, 2)?,
            Piece::Minute => self.minute = self.number(1, 2)?,
            Piece::ZeroMinute => self.minute = self.number(2, 2)?,
            Piece::Second => self.take_second(1)?,
            Piece::ZeroSecond => self.take_second(2)?,
            Piece::Fraction { .. } => self.take_fraction(),
            Piece::UpperNoon => self.take_noon("AM", "PM")?,
            Piece::LowerNoon => self.take_noon("am", "pm")?,
            Piece::ZoneName => self.take_zone_name()?,
            Piece::Offset {
                is_z_for_zero,
                has_colons,
                parts,
            } => {
                self.take_offset(is_z_for_zero, has_colons, parts)?;
            }
        }
        Some(())
    }

    /// Takes a number with `least` to `most` digits.
    fn number<N: std::str::FromStr>(&mut self, least: usize, most: usize) -> Option<N> {
        let digits = self
            .rest
            .bytes()
            .take(most)
            .take_while(u8::is_ascii_digit)
            .count();
        if digits < least {
            return None;
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        number.parse().ok()
    }

    /// Takes one of the names, cut to `letters`; returns its position, from 1.
    fn name<const N: usize>(&mut self, names: &[&str; N], letters: usize) -> Option<i8> {
        for (name, number) in names.iter().zip(1..) {
            let name = &name[..letters.min(name.len())];
            let here = self
                .rest
                .get(..name.len())
                .filter(|here| here.eq_ignore_ascii_case(name));
            if here.is_some() {
                self.rest = &self.rest[name.len()..];
                return Some(number);
            }
        }
        None
    }

    /// Takes seconds, after which a fraction may follow even if the layout has none.
    fn take_second(&mut self, least: usize) -> Option<()> {
        self.second = self.number(least, 2)?;
        self.take_fraction();
        Some(())
    }

    fn take_fraction(&mut self) {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else {
            return;
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return;
        }
        let kept: String = rest.chars().take(digits.min(9)).collect();
        self.nanosecond = format!("{kept:0<9}").parse().unwrap_or(0);
        self.rest = &rest[digits..];
    }

    fn take_noon(&mut self, before: &str, after: &str) -> Option<()> {
        let is_afternoon = self.rest.starts_with(after);
        self.rest = self
            .rest
            .strip_prefix(if is_afternoon { after } else { before })?;
        self.is_afternoon = Some(is_afternoon);
        Some(())
    }

    /// Takes the name of a zone. Only UTC has a known offset; other names count as UTC, as in Go.
    fn take_zone_name(&mut self) -> Option<()> {
        let letters = self.rest.bytes().take_while(u8::is_ascii_uppercase).count();
        if !(3..=5).contains(&letters) {
            return None;
        }
        self.rest = &self.rest[letters..];
        self.offset_seconds.get_or_insert(0);
        Some(())
    }

    fn take_offset(&mut self, is_z_for_zero: bool, has_colons: bool, parts: u8) -> Option<()> {
        if is_z_for_zero && let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            self.offset_seconds = Some(0);
            return Some(());
        }
        let is_behind = self.rest.starts_with('-');
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let mut seconds = 0;
        for (part, scale) in (0..parts).zip([3600, 60, 1]) {
            if part > 0 && has_colons {
                self.take_literal(':')?;
            }
            seconds += scale * self.number::<i32>(2, 2)?;
        }
        self.offset_seconds = Some(if is_behind { -seconds } else { seconds });
        Some(())
    }

    fn finish(self, zone: TimeZone) -> Option<ZonedDateTime> {
        let hour = match self.is_afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (minute, second) = (self.minute, self.second);
        let mut time = DateTime::new(
            self.year,
            self.month,
            self.day,
            hour,
            minute,
            second,
            self.nanosecond,
        )
        .ok()?;
        if let Some(day) = self.year_day {
            let january = jiff::civil::Date::new(self.year, 1, 1).ok()?;
            let days = SignedDuration::from_hours(24 * i64::from(day - 1));
            time = january.checked_add(days).ok()?.to_datetime(time.time());
        }
        let zone = match self.offset_seconds {
            None => zone,
            Some(0) => TimeZone::UTC,
            Some(seconds) => Offset::from_seconds(seconds).ok()?.to_time_zone(),
        };
        time.to_zoned_datetime(zone).ok()
    }
}

#[cfg(test)]
mod tests;
