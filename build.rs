//! Compiles the screens and notes the revision that the program is built from.

use std::process::Command;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "kiosk")]
    compile_screens()?;
    note_revision();
    note_time();
    Ok(())
}

#[cfg(feature = "kiosk")]
fn compile_screens() -> Result<(), slint_build::CompileError> {
    // Searching the screens by accessible label, as the tests do, needs the debug information.
    let is_debug = std::env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let configuration = slint_build::CompilerConfiguration::new()
        .with_style("fluent".to_owned())
        .with_debug_info(is_debug)
        .embed_resources(slint_build::EmbedResourcesKind::EmbedFiles)
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        .with_bundled_translations("ui/lang");
    println!("cargo::rerun-if-changed=ui");
    slint_build::compile_with_config("ui/app.slint", configuration)
}

/// Sets `SMILEPOST_BUILT_S`: the seconds since 1970 UTC before which no clock is right. It is the
/// commit's time, so that the same commit makes the same program; outside of a git checkout it is
/// what `SOURCE_DATE_EPOCH` says, or a day on which this program was known to exist.
fn note_time() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let arguments = ["log", "-1", "--format=%ct"];
    let commit = Command::new("git").args(arguments).output().ok();
    let commit = commit.filter(|output| output.status.success());
    let commit = commit.and_then(|output| String::from_utf8(output.stdout).ok());
    let is_number = |text: &String| text.parse::<u64>().is_ok();
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok().filter(is_number);
    let seconds = seconds.or_else(|| commit.map(|text| text.trim().to_owned()).filter(is_number));
    let seconds = seconds.unwrap_or_else(|| "1795305600".to_owned());
    println!("cargo::rustc-env=SMILEPOST_BUILT_S={seconds}");
}

/// Sets `SMILEPOST_REVISION`: the commit, with a plus if the tree differs from it, or "unknown"
/// outside of a git checkout.
fn note_revision() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/index");
    let git = |arguments: &[&str]| {
        // Without the lock, a look at the tree does not write the index, which would have the next
        // build compile everything again.
        let mut git = Command::new("git");
        let output = git.arg("--no-optional-locks").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let revision = git(&["rev-parse", "--short=10", "HEAD"]).map(|commit| {
        let is_changed =
            git(&["status", "--porcelain", "-uno"]).is_some_and(|list| !list.is_empty());
        if is_changed { format!("{commit}+") } else { commit }
    });
    let revision = revision.unwrap_or_else(|| "unknown".to_owned());
    println!("cargo::rustc-env=SMILEPOST_REVISION={revision}");
}
