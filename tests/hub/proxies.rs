//! Tests of a hub behind a reverse proxy, and of people who ask it by the wrong way.

use smilepost::hub::archive::Spending;
use smilepost::hub::rules::guesses::WRONG_MAX;
use smilepost::hub::secrets::{self, Token};
use smilepost::hub::settings::{Limits, Settings};
use smilepost::web::proxies::{Header, Proxies, net};

use crate::engine;
use crate::hub::{KIOSK, NOW, Scene};

/// Tries a code that there is not, by way of a proxy that names this client.
async fn try_code(scene: &Scene, client: &str) -> u16 {
    let body = br#"{"code": "00000-00000", "app": "test"}"#.to_vec();
    scene.post("/v1/enrolments", &[("x-forwarded-for", client)], body).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_behind_a_trusted_proxy_is_counted_for_itself_and_nobody_elses_word_counts() {
    let limits = Limits { requests_per_minute: 2, ..Limits::default() };
    let trusting = Scene::set(|settings| {
        settings.limits = limits;
        let trusted = [net("127.0.0.0/8").unwrap()].into();
        settings.proxies = Proxies { trusted, header: Header::default(), is_only_way: false };
    })
    .await;
    for client in ["203.0.113.7", "203.0.113.8"] {
        assert_eq!(try_code(&trusting, client).await, 403);
        assert_eq!(try_code(&trusting, &format!("198.51.100.1, {client}")).await, 403);
        assert_eq!(try_code(&trusting, client).await, 429, "what it says itself is no excuse");
    }
    // The scene has enrolled its own kiosk from here.
    let usual = Scene::set(|settings| settings.limits = limits).await;
    assert_eq!(try_code(&usual, "203.0.113.7").await, 403);
    assert_eq!(try_code(&usual, "203.0.113.8").await, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_guesses_codes_is_told_so_by_network_and_no_restart_of_the_hub_helps() {
    let scene = Scene::set(|settings| {
        let trusted = [net("127.0.0.0/8").unwrap()].into();
        settings.proxies = Proxies { trusted, header: Header::default(), is_only_way: false };
    })
    .await;
    let code = secrets::new_code();
    let hash = secrets::code_hash(&code);
    assert!(scene.archive.add_code(KIOSK.to_owned(), hash, i64::MAX).await.unwrap());
    let wrong = br#"{"code": "00000-00000", "app": "test"}"#.to_vec();
    for n in 0..WRONG_MAX {
        assert_eq!(try_code(&scene, "203.0.113.7").await, 403, "{n}");
    }
    let guesser = [("x-forwarded-for", "203.0.113.7")];
    let (status, answer) = scene.post("/v1/enrolments", &guesser, wrong).await;
    assert_eq!(status, 429);
    let said = answer["refused"].as_str().unwrap();
    assert!(said.contains("too many such codes") && said.contains("3601 seconds"), "{said}");
    let counted =
        || scene.raw().rows("select wrong, since_ms from guess where net = '203.0.113.7'");
    let known = counted();
    let again = engine::archive(scene.folder.path()).await;
    let spend = async |code: &str| {
        let (code, token) = (secrets::code_hash(code), Token::of(&secrets::new_token()).unwrap());
        again.spend_code(code, token, "203.0.113.7".to_owned(), NOW).await.unwrap()
    };
    assert!(matches!(spend("00000-00001").await, Spending::Wait(3601)));
    assert_eq!(counted(), known, "nothing more is written of them");
    // Behind the same address, the shop's installer types the right one.
    assert!(matches!(spend(&code).await, Spending::Good(..)));
    assert!(matches!(spend(&code).await, Spending::Wait(_)), "once, as ever");
    let expired = secrets::new_code();
    let hash = secrets::code_hash(&expired);
    assert!(scene.archive.add_code(KIOSK.to_owned(), hash, NOW).await.unwrap());
    assert!(matches!(spend(&expired).await, Spending::Wait(_)), "and in its time");
    assert_eq!(try_code(&scene, "203.0.113.8").await, 403, "others are counted for themselves");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_only_ask_whether_the_hub_is_ready_keep_no_installer_out() {
    let scene = Scene::with(Limits { requests_per_minute: 6, ..Limits::default() }).await;
    let mut turned_away = 0;
    for _ in 0..30 {
        let asked = scene.client.get(format!("http://{}/readyz", scene.kiosks)).send().await;
        turned_away += u32::from(asked.unwrap().status() == 429);
    }
    assert!(turned_away > 0, "they have a limit of their own");
    scene.enrol_anew(KIOSK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_link_of_the_dashboard_leads_home_below_any_path() {
    let scene = Scene::new().await;
    for (path, home) in [("?date=2026-11-19", "./"), ("nowhere", "./"), ("a/b/c", "../../")] {
        let page = scene.client.get(format!("http://{}/{path}", scene.dashboard)).send().await;
        let page = page.unwrap().text().await.unwrap();
        assert!(page.contains(&format!("href=\"{home}\"")), "{path}: {page}");
        for absolute in ["href=\"/", "action=\"/", "src=\"/", "url(/"] {
            assert!(!page.contains(absolute), "{path}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_strays_to_the_kiosks_address_with_a_browser_reads_a_page() {
    let scene = Scene::new().await;
    for path in ["", "v1/deliveries", "v1/survey"] {
        let asked = scene.client.get(format!("http://{}/{path}", scene.kiosks));
        let answer = asked.header("accept", "text/html,*/*;q=0.8").send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 401 | 404), "{answer:?}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(answer.headers().contains_key("content-security-policy"));
        let page = answer.text().await.unwrap();
        assert!(page.contains("Kiosks deliver to this address."), "{page}");
        assert!(!page.contains("refused"), "{page}");
    }
    let asked = scene.client.get(format!("http://{}/", scene.kiosks)).send().await.unwrap();
    assert_eq!(asked.headers()["content-type"], "application/json");
}

#[test]
fn a_proxy_elsewhere_is_named_before_plain_http_is_spoken_on_the_network() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hub.toml");
    let read = |text: &str| {
        let network = "data_dir = '/x'\nlisten = '0.0.0.0:8480'\n";
        let dashboard = "[dashboard]\nlisten = '0.0.0.0:8481'\n";
        std::fs::write(&file, format!("{network}{text}\n{dashboard}")).unwrap();
        Settings::read(&file).map_err(|complaints| complaints.list().join("\n"))
    };
    let named = "tls_at_proxy = true\ntrusted_proxies = ['172.18.0.2', 'fd00::/8']";
    let proxies = read(named).unwrap().proxies;
    assert!(proxies.is_only_way && proxies.let_in("172.18.0.2".parse().unwrap()));
    assert!(!proxies.let_in("172.18.0.3".parse().unwrap()));
    for (text, part) in [
        ("", "tls_at_proxy and trusted_proxies"),
        ("tls_at_proxy = true", "tls_at_proxy: needs trusted_proxies"),
        ("trusted_proxies = ['caddy']", "trusted_proxies: \"caddy\" is not an address"),
        ("trusted_proxies = ['0.0.0.0/0']", "would have everybody say who he is"),
        ("proxy_header = 'via'", "proxy_header: is neither"),
    ] {
        let said = read(text).unwrap_err();
        assert!(said.contains(part), "{text}: {said}");
    }
}
