//! When a connection runs.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// When to run: exactly one of cron and interval.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.cron) != has(self.interval)", "a schedule is exactly one of cron and interval"),
    validation = Rule::new("!has(self.timeZone) || has(self.cron)").message("timeZone belongs to cron").field_path(".timeZone"),
    validation = Rule::new("!has(self.cron) || (!self.cron.contains('TZ=') && self.cron.trim().split(' ').filter(f, f != '').size() == 5 || self.cron.startsWith('@'))")
        .message("cron has five fields (minute hour day month weekday), or is @hourly and the like; put the zone in timeZone")
        .field_path(".cron"),
    validation = Rule::new("!has(self.interval) || !self.interval.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self.interval) >= duration('1m')")
        .message("interval must be at least 1m")
        .field_path(".interval")
)]
pub struct Schedule {
    /// Five fields (minute hour day-of-month month day-of-week), or @hourly, @daily, @weekly, @monthly, @yearly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub cron: Option<String>,
    /// IANA time zone that cron is read in, such as Europe/Stockholm; absent: UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$"))]
    pub time_zone: Option<String>,
    /// Time between runs, such as 30m; at least 1m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 32), regex(pattern = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"))]
    pub interval: Option<kube::core::Duration>,
    /// How late a missed run may still start; absent: however late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 32), regex(pattern = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"))]
    pub starting_deadline: Option<kube::core::Duration>,
}
