//! The words of the question that needs no network and no configuration.

/// A language, the question, and the words of the five faces from worst to best.
pub(super) const BUILT_IN: [(&str, &str, [&str; 5]); 14] = [
    ("en", "How was the checkout today?", ["Very bad", "Bad", "Okay", "Good", "Very good"]),
    (
        "de",
        "Wie war es heute an der Kasse?",
        ["Sehr schlecht", "Schlecht", "In Ordnung", "Gut", "Sehr gut"],
    ),
    (
        "fr",
        "Comment était la caisse aujourd’hui ?",
        ["Très mal", "Mal", "Moyen", "Bien", "Très bien"],
    ),
    ("es", "¿Qué tal en la caja hoy?", ["Muy mal", "Mal", "Regular", "Bien", "Muy bien"]),
    (
        "fi",
        "Miten asiointi kassalla sujui?",
        ["Erittäin huonosti", "Huonosti", "Kohtalaisesti", "Hyvin", "Erittäin hyvin"],
    ),
    ("sv", "Hur var det i kassan i dag?", ["Mycket dåligt", "Dåligt", "Okej", "Bra", "Mycket bra"]),
    (
        "it",
        "Com’è andata oggi alla cassa?",
        ["Molto male", "Male", "Così così", "Bene", "Molto bene"],
    ),
    (
        "nl",
        "Hoe was het vandaag bij de kassa?",
        ["Heel slecht", "Slecht", "Gaat wel", "Goed", "Heel goed"],
    ),
    (
        "pl",
        "Jak było dzisiaj przy kasie?",
        ["Bardzo źle", "Źle", "Średnio", "Dobrze", "Bardzo dobrze"],
    ),
    ("pt", "Como correu hoje na caixa?", ["Muito mal", "Mal", "Razoável", "Bem", "Muito bem"]),
    (
        "uk",
        "Як усе пройшло сьогодні на касі?",
        ["Дуже погано", "Погано", "Нормально", "Добре", "Дуже добре"],
    ),
    (
        "tr",
        "Bugün kasada deneyiminiz nasıldı?",
        ["Çok kötü", "Kötü", "İdare eder", "İyi", "Çok iyi"],
    ),
    (
        "ar",
        "كيف كانت تجربتك عند الصندوق اليوم؟",
        ["سيئة جدًا", "سيئة", "مقبولة", "جيدة", "جيدة جدًا"],
    ),
    ("ja", "今日のレジはいかがでしたか？", ["とても悪い", "悪い", "ふつう", "良い", "とても良い"]),
];
