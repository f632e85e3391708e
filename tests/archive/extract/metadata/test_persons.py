"""Names in bylines."""

from __future__ import annotations

import pytest

from archive.extract.metadata.persons import split_names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Ann Berg, Carl Dahl, and Tom Wirt", ["Ann Berg", "Carl Dahl", "Tom Wirt"]),
        ("Ann Berg, Carl Dahl & Tom Wirt", ["Ann Berg", "Carl Dahl", "Tom Wirt"]),
        ("Ana Ruiz, Pedro Gil, y Eva Sanz", ["Ana Ruiz", "Pedro Gil", "Eva Sanz"]),
        ("كتب: أحمد علي ومنى زكي", ["أحمد علي", "منى زكي"]),
        ("أحمد علي، سامر قاسم ومنى زكي", ["أحمد علي", "سامر قاسم", "منى زكي"]),
        ("بقلم: سامر حداد ووليد نصار", ["سامر حداد", "وليد نصار"]),
        ("محمد علي وليد حسن", ["محمد علي وليد حسن"]),
        ("وائل وهبي", ["وائل وهبي"]),
        ("María José García y Sánchez", ["María José García y Sánchez"]),
        ("José Ortega y Gasset", ["José Ortega y Gasset"]),
        ("Kim Le", ["Kim Le"]),
        ("Jane Doe on", ["Jane Doe"]),
        ("Ana Ruiz y Luis Gil", ["Ana Ruiz", "Luis Gil"]),
        ("Ana Ruiz y EFE", ["Ana Ruiz", "EFE"]),
        ("Martin Luther King Jr.", ["Martin Luther King Jr."]),
        ("Jana Müller (Text) und Karl Weiß (Fotos)", ["Jana Müller"]),
        ("Jana Müller (Text) und Karl Weiß (Recherche)", ["Jana Müller", "Karl Weiß"]),
        ("Jeanne Dupont, traduit par Luc Petit", ["Jeanne Dupont"]),
        ("Von HAFEN-Online-Experte Karl Weiß", ["Karl Weiß"]),
        ("Hans-Peter Weiß", ["Hans-Peter Weiß"]),
        ("Jana Müller Stand: 5. Februar 2020", ["Jana Müller"]),
        ("Jane DoeDecember 18, 2025", ["Jane Doe"]),
        ("Jane McMay", ["Jane McMay"]),
        ("Harbour24", []),
        ("Auteurs : Ann Berg et Tom Wirt", ["Ann Berg", "Tom Wirt"]),
        ("Yazarlar: Elif Soylu ve Can Er", ["Elif Soylu", "Can Er"]),
        ("خبرنگاران: مریم کاوه، بهروز نادری", ["مریم کاوه", "بهروز نادری"]),
        ("تحریر: احمد رضا اور علی خان", ["احمد رضا", "علی خان"]),
        ("Text und Fotos: Jana Müller", ["Jana Müller"]),
        ("Authora Berg", ["Authora Berg"]),
        ("文・佐藤花子、写真・田中一郎", ["佐藤花子"]),
        ("本报记者 王小明 李雷", ["王小明", "李雷"]),
        ("هدى سالم منذ ساعتين", ["هدى سالم"]),
        ("علي مقبل حسن", ["علي مقبل حسن"]),
        ("منذر حداد", ["منذر حداد"]),
        ("Jane Doe11 March 2025", ["Jane Doe"]),
        ("Wednesday, 5 March 2025", []),
        ("Jane Doe Wednesday, 5 March 2025", ["Jane Doe"]),
        ("Jane Doe Last updated on 5 March", ["Jane Doe"]),
        ("Jane Doe June 5, 2025", ["Jane Doe"]),
        ("Theresa May", ["Theresa May"]),
        ("Jane Doe @jane_d 11:57AM", ["Jane Doe"]),
        ("✍️ Jane Doe 🚢", ["Jane Doe"]),
        ("{Jane Doe}", ["Jane Doe"]),
        ("{{page.author}}", []),
        ("%%author%%", []),
        ("Jane Doe — Harbour Mail", ["Jane Doe"]),
        ("Anne-Marie Jean-Paul", ["Anne-Marie Jean-Paul"]),
        ("Jane Doe for Harbour Mail", ["Jane Doe"]),
        ("Center for Drug Safety", ["Center for Drug Safety"]),
        ("Jane Doe and From the Archives", ["Jane Doe"]),
        ("Submitted by Jane Doe on Mon, 03/05/2025", ["Jane Doe"]),
        ("ByJane Doe", ["Jane Doe"]),
        ("Byron Doe", ["Byron Doe"]),
        ("HAFENBLATT-Redakteurin von Jana Müller", ["Jana Müller"]),
        ("Ursula von der Leyen", ["Ursula von der Leyen"]),
        ("Harbour News Agency (HN", ["Harbour News Agency"]),
        ("홍길동 기자", ["홍길동"]),
        ("Jane Doe, RD, FAND", ["Jane Doe"]),
        ("Jane Doe, AFP", ["Jane Doe", "AFP"]),
        ("Jane Doe Staff Writer", ["Jane Doe"]),
        ("Nawal El Saadawi", ["Nawal El Saadawi"]),
        ("design: Scott Doe", []),
        ("(Reuters)", []),
        ("jane@mail.example (Jane Doe)", ["Jane Doe"]),
        ("Jane Doe; edited by John Roe", ["Jane Doe"]),
        ("山田太郎 記者", ["山田太郎"]),
        ("Escrito por Ana Ruiz", ["Ana Ruiz"]),
    ],
)
def test_names_are_what_is_left_of_a_byline(byline: str, names: list[str]) -> None:
    assert list(split_names(byline)) == names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("Jane Doe in Rabat", ["Jane Doe"]),
        ("Jane Doe avec Luc Martin", ["Jane Doe", "Luc Martin"]),
        ("By Jane Doe, Berlin", ["Jane Doe"]),
        ("Jane Doe, Reuters", ["Jane Doe", "Reuters"]),
        ("Jane Doe; Staff Writer", ["Jane Doe"]),
        ("Staff Writer", ["Staff Writer"]),
        ("Redacción: Ana Ruiz", ["Ana Ruiz"]),
        ("Redacción Diario Siete", ["Redacción Diario Siete"]),
        ("القاهرة - منى علي", ["منى علي"]),
        ("مراسلتنا: منى علي", ["منى علي"]),
        ("דנה כהן ויקטור לוי", ["דנה כהן ויקטור לוי"]),
        ("作者：张三", ["张三"]),
        ("文学青年", ["文学青年"]),
    ],
)
def test_jobs_places_and_labels_of_other_languages_are_no_part_of_a_name(byline: str, names: list[str]) -> None:
    assert list(split_names(byline)) == names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("记者 王小明 李雷", ["王小明", "李雷"]),
        ("记者 王小明 北京报道", ["王小明"]),
        ("作者：王小明 编辑：李雷", ["王小明"]),
        ("山田 太郎", ["山田 太郎"]),
        ("홍길동 김철수 기자", ["홍길동", "김철수"]),
        ("서울=홍길동 기자", ["홍길동"]),
        ("Иван Петров и Анна Сидорова", ["Иван Петров", "Анна Сидорова"]),
        ("Иван Петров, корреспондент", ["Иван Петров"]),
        ("Γιάννης Παππάς και Μαρία Νίκου", ["Γιάννης Παππάς", "Μαρία Νίκου"]),
        ("Anna Nowak i Jan Kowalski", ["Anna Nowak", "Jan Kowalski"]),
        ("Robert E Lee", ["Robert E Lee"]),
        ("Haber: Ayşe Demir Fotoğraf: Ali Kaya", ["Ayşe Demir"]),
        ("مراسل الميناء: منى علي", ["منى علي"]),
        ("القاهرة: منى علي", ["منى علي"]),
        ("تصوير: منى علي", []),
        ("منى علي\u200f", ["منى علي"]),
        ("Jane Doe Follow @jane", ["Jane Doe"]),
        ("Ana Ruiz / Madrid", ["Ana Ruiz"]),
        ("Ana Ruiz / Reuters", ["Ana Ruiz", "Reuters"]),
        ("Ana Ruiz Corresponsal en Rabat", ["Ana Ruiz"]),
        ("João Silva, da Redação", ["João Silva"]),
        ("@harbourmail", []),
    ],
)
def test_names_among_other_words_in_many_scripts(byline: str, names: list[str]) -> None:
    assert list(split_names(byline)) == names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("Jane Doe, Head of Research and Development", ["Jane Doe"]),
        ("By Jane Doe, certified sleep consultant", ["Jane Doe"]),
        ("Jane Doe, Co-Founder and CEO", ["Jane Doe"]),
        ("By Jane Doe Photos by John Roe", ["Jane Doe"]),
        ("Medically reviewed by John Roe", []),
        ("Fact-checked by John Roe", []),
        ("Par Jane Doe et John Roe, envoyés spéciaux à Tripoli", ["Jane Doe", "John Roe"]),
        ("منى حداد، كريم بدر، وسامر ديب", ["منى حداد", "كريم بدر", "سامر ديب"]),
        ("منى حداد، وائل بدر", ["منى حداد", "وائل بدر"]),
        ("إعداد: منى حداد - تحرير: كريم بدر", ["منى حداد"]),
        ("مراسل المرفأ في طرابلس: كريم بدر", ["كريم بدر"]),
        ("作者：张三、李四", ["张三", "李四"]),
        ("作者：牛镛 岳弘", ["牛镛", "岳弘"]),
        ("記者・山田 太郎", ["山田 太郎"]),
        ("โดย สมชาย ใจดี", ["สมชาย ใจดี"]),
        ("Του Γιώργου Παππά", ["Γιώργου Παππά"]),
        ("Author: Harbour2man on 29.12.2010", []),
        # of their kind only in appearance
        ("Jane Head, Paul Coach", ["Jane Head", "Paul Coach"]),
        ("Wadi Doe, Wael Roe", ["Wadi Doe", "Wael Roe"]),
    ],
)
def test_offices_labels_and_lists_of_other_languages_are_no_part_of_a_name(byline: str, names: list[str]) -> None:
    assert list(split_names(byline)) == names


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("記者王小明／台北報導", ["王小明"]),
        ("【山田太郎】", ["山田太郎"]),
        ("홍길동 선임기자", ["홍길동"]),
        ("ผู้เขียน: สมชาย ใจดี", ["สมชาย ใจดี"]),
        ("লেখক: রাহুল দাস", ["রাহুল দাস"]),
        ("எழுதியவர்: குமார் ராஜா", ["குமார் ராஜா"]),
        ("Írta: Nagy Anna", ["Nagy Anna"]),
        ("Piše: Ana Jović", ["Ana Jović"]),
        ("от Ана Петрова", ["Ана Петрова"]),
        ("דנה כהן ו-יוסי לוי", ["דנה כהן", "יוסי לוי"]),
        ("Theo Müller", ["Theo Müller"]),
    ],
)
def test_labels_of_more_languages_are_no_part_of_a_name(byline: str, names: list[str]) -> None:
    assert list(split_names(byline)) == names
