//! Tests in many languages and scripts.

use super::*;

#[test]
fn stems_follow_the_language_of_the_release() {
    let russian = Corpus::of_headlines("ru", &["Итоги выборов", "Погода"]);
    assert_eq!(russian.ranked("выборы"), [0]);
    let marked_english = Corpus::of_headlines("en", &["Итоги выборов", "Погода"]);
    assert_eq!(marked_english.ranked("выборов"), [0]);
    assert_eq!(marked_english.ranked("\"выборы\""), [] as [u32; 0]);
}

#[test]
fn french_accents_and_apostrophes() {
    let corpus = Corpus::of_headlines(
        "fr",
        &[
            "Workers’ rights in Côte d’Ivoire",
            "Élections à l’école",
            "Résultats publiés",
            "Conférence de presse à Genève",
            "Travail des enfants",
        ],
    );
    for text in ["workers' rights", "workers rights", "cote d'ivoire", "Côte d’Ivoire"] {
        assert_eq!(corpus.ranked(text), [0], "{text}");
    }
    assert_eq!(corpus.ranked("election"), [1]);
    assert_eq!(corpus.ranked("école"), [1]);
    assert_eq!(corpus.ranked("publiée"), [2]);
    assert_eq!(corpus.ranked("geneve"), [3]);
    assert_eq!(corpus.ranked("enfant"), [4]);
}

#[test]
fn german_umlauts_and_compounds_as_written() {
    let corpus = Corpus::of_headlines(
        "de",
        &[
            "Lärmschutz in Münster, Lange Straße",
            "Bundesarbeitsgericht entscheidet",
            "Wahlen in Köln",
            "Häuser am See",
            "Munster zieht um",
        ],
    );
    assert_eq!(corpus.matches("münster").slots, corpus.matches("munster").slots);
    assert_eq!(corpus.ranked("STRASSE"), [0]);
    assert_eq!(corpus.marked(0, "lärmschutz"), ["Lärmschutz"]);
    assert_eq!(corpus.ranked("wahl "), [2]);
    assert_eq!(corpus.ranked("Haus "), [3]);
    assert_eq!(corpus.ranked("Bundesarbeitsgericht"), [1]);
    // The parts of a compound are not found, except its beginning while typing.
    assert_eq!(corpus.ranked("arbeitsgericht"), [] as [u32; 0]);
    assert_eq!(corpus.ranked("bundesarbeit"), [1]);
    // Umlauts written with e are another spelling.
    assert_eq!(corpus.ranked("\"muenster\""), [] as [u32; 0]);
}

#[test]
fn chinese_words_are_found_wherever_they_are() {
    let corpus = Corpus::of_headlines(
        "zh",
        &["国际劳工组织发布就业报告", "劳工市场回顾", "联合国儿童基金会", "气候变化会议", "新闻稿"],
    );
    assert_eq!(corpus.ranked("就业报告"), [0]);
    assert_eq!(corpus.ranked("劳工组织"), [0]);
    assert_eq!(corpus.ranked("\"国际劳工组织\""), [0]);
    assert_eq!(corpus.ranked("劳工 -就业"), [1]);
    assert_eq!(corpus.marked(0, "劳工"), ["劳工"]);
    assert_eq!(corpus.ranked("儿童"), [2]);
    assert_eq!(corpus.ranked("\"工劳\""), [] as [u32; 0]);
}

#[test]
fn japanese_kanji_and_kana() {
    let corpus = Corpus::of_headlines(
        "ja",
        &["児童労働に反対する世界デー", "カンボジアの学校", "気候変動についての会議", "プレスリリース", "東京で開催"],
    );
    assert_eq!(corpus.ranked("児童労働"), [0]);
    assert_eq!(corpus.ranked("カンボジア"), [1]);
    assert_eq!(corpus.ranked("ｶﾝﾎﾞｼﾞｱ"), [1]);
    assert_eq!(corpus.ranked("気候変動"), [2]);
    assert_eq!(corpus.ranked("東京"), [4]);
    assert_eq!(corpus.marked(1, "学校"), ["学校"]);
}

#[test]
fn thai_lao_khmer_and_burmese() {
    let corpus = Corpus::of_headlines(
        "th",
        &[
            "องค์การแรงงานระหว่างประเทศ",
            "ការងារកុមារនៅកម្ពុជា",
            "អង្គការពលកម្មអន្តរជាតិ",
            "ອົງການແຮງງານສາກົນ",
            "အပြည်ပြည်ဆိုင်ရာ အလုပ်သမားအဖွဲ့",
        ],
    );
    assert_eq!(corpus.ranked("แรงงาน"), [0]);
    assert_eq!(corpus.marked(0, "แรงงาน"), ["แรงงาน"]);
    assert_eq!(corpus.ranked("ระหว่างประเทศ"), [0]);
    assert_eq!(corpus.ranked("កុមារ"), [1]);
    assert_eq!(corpus.ranked("ពលកម្ម"), [2]);
    assert_eq!(corpus.ranked("ແຮງງານ"), [3]);
    assert_eq!(corpus.ranked("အလုပ်သမား"), [4]);
}

#[test]
fn arabic_letters_with_signs_and_variants() {
    let corpus = Corpus::of_headlines(
        "ar",
        &["آفاق أكادير", "منظمة العمل الدولية", "تقرير عن الأطفال", "الانتخابات في تونس", "بيان صحفي"],
    );
    assert_eq!(corpus.ranked("افاق"), [0]);
    assert_eq!(corpus.ranked("اكادير"), [0]);
    assert_eq!(corpus.ranked("مُنَظَّمة"), [1]);
    assert_eq!(corpus.ranked("منظـمة"), [1]);
    assert_eq!(corpus.ranked("أطفال"), [2]);
    assert_eq!(corpus.ranked("الانتخابات"), [3]);
}

#[test]
fn vietnamese_with_and_without_signs() {
    let corpus = Corpus::of_headlines(
        "vi",
        &["Lao động trẻ em tại Đà Nẵng", "Bầu cử quốc hội", "Biến đổi khí hậu", "Thông cáo báo chí", "Hà Nội"],
    );
    for text in ["lao động trẻ em", "lao dong tre em", "da nang", "Đà Nẵng"] {
        assert_eq!(corpus.ranked(text)[0], 0, "{text}");
    }
    assert_eq!(corpus.ranked("khi hau"), [2]);
    assert_eq!(corpus.ranked("ha noi"), [4]);
}

#[test]
fn marks_are_utf16_offsets_of_whole_words() {
    let corpus =
        Corpus::of_headlines("sv", &["📧 Bergström: Änderung in Zürich", "📧 Bergstro\u{308}m: A\u{308}nderung"]);
    assert_eq!(corpus.marked(0, "bergstrom anderung"), ["Bergström", "Änderung"]);
    assert_eq!(corpus.marked(1, "bergstrom anderung"), ["Bergstro\u{308}m", "A\u{308}nderung"]);
}

#[test]
fn phrases_with_any_quotation_marks_are_the_same() {
    let corpus = Corpus::of_headlines("en", &["A road map for peace", "A map of the road", "Roads and maps"]);
    for text in ["\"road map\"", "“road map”", "„road map“", "«road map»"] {
        assert_eq!(corpus.ranked(text), [0], "{text}");
        assert_eq!(corpus.marked(0, text), ["road", "map"], "{text}");
    }
    assert_eq!(corpus.ranked("\"road map")[0], 0);
    assert_eq!(corpus.matches("\"road map").slots.len(), 3);
}

#[test]
fn long_texts_show_the_part_with_the_matches() {
    let text = format!("{}the road map for peace {}", "word ".repeat(500), "other ".repeat(500));
    let corpus = Corpus::of_headlines("en", &[&text]);
    let query = parse("\"road map\"").unwrap();
    let found = highlight(&text, "en", &query, &corpus.matches("\"road map\""), 100).unwrap();
    assert!(found.text.contains("road map for peace") && found.text.chars().count() <= 100, "{found:?}");
    assert!(found.starts_inside && found.ends_inside);
    assert!(found.text.starts_with("word") && found.text.ends_with("other"), "{found:?}");
}
