// Asks now and then whether somebody is needed, without loading the page anew, and makes itself heard.
// Without this script the browser loads the page again every few seconds.
"use strict";
(() => {
  const EVERY_MS = 10000;
  let known = document.body.dataset.waiting || "";
  let audio = null;
  // Browsers let a page be heard only after somebody has touched it.
  const wake = () => {
    audio = audio || new AudioContext();
    audio.resume();
  };
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);
  const sound = () => {
    if (navigator.vibrate) navigator.vibrate([300, 150, 300]);
    if ("Notification" in window && Notification.permission === "granted") {
      new Notification(document.title);
    }
    if (!audio || audio.state !== "running") return;
    for (const at of [0, 0.35, 0.7]) {
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = 880;
      volume.gain.setValueAtTime(0.4, audio.currentTime + at);
      volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + at + 0.3);
      tone.connect(volume).connect(audio.destination);
      tone.start(audio.currentTime + at);
      tone.stop(audio.currentTime + at + 0.3);
    }
  };
  const isWriting = () =>
    [...document.querySelectorAll("input[type=text], textarea")].some((field) => field.value);
  const look = async () => {
    const answer = await fetch("waiting", { cache: "no-store", redirect: "error" });
    if (!answer.ok) return;
    const now = await answer.text();
    if (now === known) return;
    const isNew = now !== "" && now !== known;
    known = now;
    // Whoever is writing keeps the page, and hears it all the same.
    if (!isWriting()) {
      const page = await (await fetch(location.href, { cache: "no-store" })).text();
      const fresh = new DOMParser().parseFromString(page, "text/html");
      const main = fresh.querySelector("main");
      if (main) document.querySelector("main").replaceWith(main);
      document.title = fresh.title;
    }
    if (isNew) sound();
  };
  // A network that is away for a while is tried again.
  setInterval(() => look().catch(() => {}), EVERY_MS);
})();
