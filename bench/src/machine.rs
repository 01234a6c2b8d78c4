//! The machine that the figures are of.

use std::fs;

/// Prints cores, memory, kernel, processor and build profile.
pub(crate) fn describe() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    println!("machine");
    println!(
        "  cores      {cores} ({})",
        field("/proc/cpuinfo", "model name")
    );
    println!("  memory     {}", field("/proc/meminfo", "MemTotal"));
    println!("  kernel     {}", line("/proc/sys/kernel/osrelease"));
    println!("  profile    {profile}");
    println!("  load       {}", load());
}

/// The load averages of 1, 5 and 15 minutes: what else the machine had to do.
pub(crate) fn load() -> String {
    line("/proc/loadavg")
        .split(' ')
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}

fn line(path: &str) -> String {
    fs::read_to_string(path).map_or("unknown".to_owned(), |text| text.trim().to_owned())
}
