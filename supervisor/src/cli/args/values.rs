//! Values that have a form of their own.

use std::time::Duration;

use netsweep_shared::fleet::{Latency, LoginServer};
use netsweep_shared::job::Transport;

pub(super) fn positive_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| format!("{error}; write 10s, 2m or 500ms"))?;
    if time.is_zero() { Err("must be longer than nothing".into()) } else { Ok(time) }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "write a number, such as 20 or 0.5".to_owned())?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("must be more than nothing".into()) }
}

pub(super) fn transport(text: &str) -> Result<Transport, String> {
    [Transport::Ssh, Transport::Telnet]
        .into_iter()
        .find(|transport| transport.as_str() == text)
        .ok_or_else(|| "write ssh or telnet".into())
}

pub(super) fn latency(text: &str) -> Result<Latency, String> {
    let time = |text: &str| {
        humantime::parse_duration(text.trim())
            .map_err(|error| format!("{error}; write 300ms, 100ms..500ms or 300ms~2s"))
    };
    let ordered = |low: &str, high: &str, make: fn(Duration, Duration) -> Latency| {
        let (low, high) = (time(low)?, time(high)?);
        if low <= high {
            Ok(make(low, high))
        } else {
            Err("the first time must not be the longer one".into())
        }
    };
    if let Some((low, high)) = text.split_once("..") {
        ordered(low, high, Latency::Uniform)
    } else if let Some((median, p99)) = text.split_once('~') {
        ordered(median, p99, Latency::LogNormal)
    } else {
        time(text).map(Latency::Fixed)
    }
}

pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    let number: Option<f64> = text.parse().ok().filter(|ms: &f64| (0.0..=60_000.0).contains(ms));
    number
        .map(|ms| Duration::from_secs_f64(ms / 1000.0))
        .ok_or_else(|| "write a number of milliseconds, 0 to 60000".into())
}

pub(super) fn login_server(text: &str) -> Result<LoginServer, String> {
    const FORM: &str = "write 100ms or 100ms,140,0.3%";
    let mut parts = text.split(',').map(str::trim);
    let (service, suffers, rest) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    let service = humantime::parse_duration(service).map_err(|error| format!("{error}; {FORM}"))?;
    let (comfortable, strain) = match (suffers, rest, parts.next()) {
        (None, None, None) => (u32::MAX, 0.0),
        (Some(comfortable), Some(strain), None) => {
            let comfortable =
                comfortable.parse().map_err(|_| format!("{comfortable:?} is no number; {FORM}"))?;
            let percent = strain.strip_suffix('%').and_then(|percent| percent.parse().ok());
            let percent = percent.filter(|percent: &f64| (0.0..=100.0).contains(percent));
            (comfortable, percent.ok_or_else(|| format!("{strain:?} is no share; {FORM}"))? / 100.0)
        }
        _ => return Err(FORM.into()),
    };
    Ok(LoginServer { service, comfortable, strain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies() {
        let ms = Duration::from_millis;
        assert_eq!(latency("300ms"), Ok(Latency::Fixed(ms(300))));
        assert_eq!(latency("100ms..1s"), Ok(Latency::Uniform(ms(100), ms(1000))));
        assert_eq!(latency("50ms~200ms"), Ok(Latency::LogNormal(ms(50), ms(200))));
        assert!(latency("1s..100ms").is_err());
        assert!(latency("soon").is_err());
    }

    #[test]
    fn login_servers() {
        let service = Duration::from_millis(100);
        assert_eq!(login_server("100ms"), Ok(LoginServer { service, comfortable: u32::MAX, strain: 0.0 }));
        assert_eq!(
            login_server("100ms, 140, 0.5%"),
            Ok(LoginServer { service, comfortable: 140, strain: 0.005 })
        );
        for wrong in ["", "100", "100ms,140", "100ms,x,1%", "100ms,140,0.5", "100ms,140,-1%", "100ms,1,1%,1"]
        {
            assert!(login_server(wrong).is_err(), "{wrong:?}");
        }
    }
}
