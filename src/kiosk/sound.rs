//! Sound through the board's audio: a tone for a press, and the spoken question.
//!
//! A program plays the files, `aplay` unless another is configured: a sound library could hang or
//! crash the kiosk, and a player that hangs is ended by the next sound.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::feedback::survey::base;
use crate::kiosk::settings;

/// How many sounds wait at most; further ones are dropped.
const SOUNDS_MAX: usize = 4;

/// The tone's file in the runtime folder.
pub(super) const TONE_FILE: &str = "tone.wav";

/// Samples in a second.
const RATE: u32 = 22_050;

/// The tone's pitch in hertz and its length in milliseconds: heard beside a till, and not shrill.
const TONE: (f64, u32) = (660.0, 120);

/// A handle on the thread that plays; without sound it does nothing.
#[derive(Clone, Debug, Default)]
pub struct Sound {
    sounds: Option<SyncSender<PathBuf>>,
    tone: Option<PathBuf>,
    speech_dir: Option<PathBuf>,
}

impl Sound {
    /// Starts the configured sounds; the tone is written into `folder`.
    ///
    /// # Errors
    /// When the tone cannot be written or the system has no thread to give.
    pub fn start(settings: &settings::Sound, folder: &Path) -> std::io::Result<Self> {
        if !settings.has_tones && settings.speech_dir.is_none() {
            return Ok(Self::default());
        }
        let tone = folder.join(TONE_FILE);
        if settings.has_tones {
            std::fs::create_dir_all(folder)?;
            std::fs::write(&tone, wav())?;
        }
        let (sounds, inbox) = sync_channel(SOUNDS_MAX);
        let player = settings.player.clone();
        let thread = std::thread::Builder::new().name("sound".to_owned());
        thread.spawn(move || play(&inbox, &player))?;
        Ok(Self {
            sounds: Some(sounds),
            tone: settings.has_tones.then_some(tone),
            speech_dir: settings.speech_dir.clone(),
        })
    }

    /// Plays the tone of a press, the same for every face.
    pub fn tone(&self) {
        self.send(self.tone.clone());
    }

    /// Whether there is a recording of the question in this language.
    #[must_use]
    pub fn can_speak(&self, language: &str) -> bool {
        self.speech(language).is_some()
    }

    /// Speaks the question.
    pub fn speak(&self, language: &str) {
        self.send(self.speech(language));
    }

    fn speech(&self, language: &str) -> Option<PathBuf> {
        let folder = self.speech_dir.as_ref()?;
        let tags = [language, base(language)];
        let mut files = tags.iter().map(|tag| folder.join(format!("{tag}.wav")));
        files.find(|file| file.is_file())
    }

    fn send(&self, file: Option<PathBuf>) {
        if let (Some(sounds), Some(file)) = (&self.sounds, file) {
            let _ = sounds.try_send(file);
        }
    }
}

fn play(inbox: &Receiver<PathBuf>, player: &[String]) {
    let [program, arguments @ ..] = player else {
        return;
    };
    let mut playing: Option<Child> = None;
    for file in inbox {
        end(playing.take());
        let mut command = Command::new(program);
        command.args(arguments).arg(&file).stdin(Stdio::null()).stdout(Stdio::null());
        match command.stderr(Stdio::null()).spawn() {
            Ok(child) => playing = Some(child),
            Err(error) => tracing::warn!(%error, program, "cannot start the sound player"),
        }
    }
    end(playing);
}

/// Whether a file is a recording as players take it, by its first bytes.
///
/// # Errors
/// When it cannot be read.
pub fn is_recording(file: &Path) -> std::io::Result<bool> {
    let mut head = [0; 12];
    match std::fs::File::open(file)?.read_exact(&mut head) {
        Ok(()) => Ok(head.starts_with(b"RIFF") && head.ends_with(b"WAVE")),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => Ok(false),
        Err(error) => Err(error),
    }
}

/// How long a player may take for the tone, in milliseconds.
const PLAYER_MS_MAX: u64 = 5_000;

/// How often a player is asked whether it has ended, in milliseconds.
const PLAYER_LOOK_MS: u64 = 20;

/// Has a player play the tone, and waits until it has.
///
/// # Errors
/// When it cannot be started, fails, or takes too long; the error has its own words.
pub fn try_player(player: &[String]) -> std::io::Result<()> {
    let [program, arguments @ ..] = player else {
        return Err(std::io::ErrorKind::NotFound.into());
    };
    let tone = std::env::temp_dir().join(format!("smilepost-{:016x}.wav", rand::random::<u64>()));
    std::fs::write(&tone, wav())?;
    let mut command = Command::new(program);
    command.args(arguments).arg(&tone).stdin(Stdio::null()).stdout(Stdio::null());
    let played = command.stderr(Stdio::piped()).spawn().and_then(watched);
    // It was for this once.
    let _ = std::fs::remove_file(&tone);
    played
}

fn watched(mut player: Child) -> std::io::Result<()> {
    let mut waited_ms = 0;
    let status = loop {
        match player.try_wait()? {
            Some(status) => break status,
            None if waited_ms > PLAYER_MS_MAX => {
                end(Some(player));
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            None => std::thread::sleep(std::time::Duration::from_millis(PLAYER_LOOK_MS)),
        }
        waited_ms += PLAYER_LOOK_MS;
    };
    let mut said = String::new();
    if let Some(errors) = player.stderr.take() {
        // What it says is only for the message.
        let _ = errors.take(SAID_BYTES_MAX).read_to_string(&mut said);
    }
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    match status.success() {
        true => Ok(()),
        false => Err(std::io::Error::other(format!("{status}: {}", crate::escape::Plain(last)))),
    }
}

/// How much is read of what a player complains of, in bytes.
const SAID_BYTES_MAX: u64 = 4_096;

/// Ends a player and waits for it, so that no zombie stays behind.
fn end(player: Option<Child>) {
    if let Some(mut child) = player {
        // A player that has ended cannot be killed.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The tone as a WAV file: 16 bits, one channel, with a soft beginning and end.
fn wav() -> Vec<u8> {
    let (pitch, length_ms) = TONE;
    let samples = RATE * length_ms / 1_000;
    let bytes = samples * 2;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(1_u16.to_le_bytes());
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend(2_u16.to_le_bytes());
    wav.extend(16_u16.to_le_bytes());
    wav.extend(b"data");
    wav.extend(bytes.to_le_bytes());
    for at in 0..samples {
        let (time, whole) = (f64::from(at) / f64::from(RATE), f64::from(samples));
        let swell = (std::f64::consts::PI * f64::from(at) / whole).sin();
        let level = (std::f64::consts::TAU * pitch * time).sin() * swell * 0.5;
        #[expect(clippy::cast_possible_truncation, reason = "the level is within -1 and 1")]
        wav.extend(((level * f64::from(i16::MAX)) as i16).to_le_bytes());
    }
    wav
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_is_a_whole_wav_file() {
        let wav = wav();
        let word = |at: usize| u32::from_le_bytes(wav[at..at + 4].try_into().unwrap());
        assert_eq!((&wav[..4], &wav[8..16]), (&b"RIFF"[..], &b"WAVEfmt "[..]));
        assert_eq!((word(4), word(40)), (wav.len() as u32 - 8, wav.len() as u32 - 44));
    }

    #[test]
    fn a_press_is_heard_and_a_language_is_spoken_if_it_was_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let (heard, speech) = (folder.path().join("heard"), folder.path().join("speech"));
        std::fs::create_dir(&speech).unwrap();
        std::fs::write(speech.join("fi.wav"), wav()).unwrap();
        let script = format!("echo $(basename \"$1\") >> {}", heard.display());
        let player = ["sh", "-c", &script, "player"].map(str::to_owned).to_vec();
        let settings = settings::Sound { has_tones: true, player, speech_dir: Some(speech) };
        let sound = Sound::start(&settings, folder.path()).unwrap();
        assert!(sound.can_speak("fi") && !sound.can_speak("en"));
        let read = || std::fs::read_to_string(&heard).unwrap_or_default();
        let wait_for = |text: &str| {
            let limit = crate::clock::boot_ms() + 60_000;
            while !read().contains(text) {
                assert!(crate::clock::boot_ms() < limit, "after 60 s {text} was not played");
                std::thread::park_timeout(std::time::Duration::from_millis(5));
            }
        };
        sound.tone();
        wait_for("tone.wav");
        sound.speak("fi");
        wait_for("fi.wav");
        sound.speak("en");
        assert_eq!(read(), "tone.wav\nfi.wav\n");
    }
}
