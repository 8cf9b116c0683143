"""Resumes in the languages of the world, and the encodings that they were written in before UTF-8.

The first line is a name, which says too little by itself.
"""
# ruff: noqa: E501, RUF001 - letters that look like others, and lines as they are written

RESUMES = {
    "bg": (
        (
            "Мария Георгиева Петрова\nПрограмист, София\n"
            "Опит: разработка на уеб приложения за банки и държавни учреждения от 2015 г.\n"
            "Образование: Технически университет, магистър по информатика.\n"
            "Езици: български, английски, немски. Свидетелство за управление, категория Б.\n"
        ),
        ("cp1251", "iso8859-5", "mac-cyrillic"),
    ),
    "ru": (
        (
            "Иван Сергеевич Кузнецов\nВедущий инженер, Санкт-Петербург\n"
            "Опыт работы: разработка программного обеспечения для железных дорог, руководство группой"
            " из восьми человек.\nОбразование: Московский государственный университет, 2009 год.\n"
            "Знание языков: английский свободно, немецкий со словарём. Ещё: съёмка и монтаж.\n"
        ),
        ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic"),
    ),
    "uk": (
        (
            "Олена Шевченко\nБухгалтер, Київ\n"
            "Досвід роботи: ведення обліку підприємства, складання звітності, нарахування заробітної"
            " плати.\nОсвіта: Київський національний економічний університет, спеціальність Облік.\n"
            "Знання мов: українська, англійська. Володію програмами для бухгалтерів.\n"
        ),
        ("cp1251", "koi8-u", "iso8859-5"),
    ),
    "sr": (
        (
            "Јелена Јовановић\nИнжењер грађевинарства, Београд\n"
            "Радно искуство: пројектовање мостова и путева, вођење градилишта, контрола квалитета.\n"
            "Образовање: Грађевински факултет Универзитета у Београду, дипломирала 2011. године.\n"
        ),
        ("cp1251", "iso8859-5"),
    ),
    "el": (
        (
            "Γιώργος Παπαδόπουλος\nΜηχανικός λογισμικού, Θεσσαλονίκη\n"
            "Εμπειρία: ανάπτυξη εφαρμογών για τράπεζες, διαχείριση ομάδας πέντε ατόμων.\n"
            "Σπουδές: Εθνικό Μετσόβιο Πολυτεχνείο, δίπλωμα ηλεκτρολόγου μηχανικού.\n"
            "Γλώσσες: ελληνικά, αγγλικά, γαλλικά.\n"
        ),
        ("cp1253", "iso8859-7", "cp737"),
    ),
    "he": (
        (
            "דוד כהן\nמהנדס תוכנה, תל אביב\n"
            "ניסיון: פיתוח מערכות מידע לבנקים ולחברות ביטוח, ניהול צוות של שישה עובדים.\n"
            "השכלה: תואר ראשון במדעי המחשב, הטכניון, חיפה.\nשפות: עברית, אנגלית, רוסית.\n"
        ),
        ("cp1255", "iso8859-8", "cp862"),
    ),
    "ar": (
        (
            "محمد عبد الله الأحمد\nمهندس مدني، القاهرة\n"
            "الخبرة: تصميم المباني والجسور والإشراف على تنفيذ المشاريع الكبيرة منذ عشر سنوات.\n"
            "التعليم: بكالوريوس الهندسة المدنية من جامعة القاهرة.\nاللغات: العربية والإنجليزية.\n"
        ),
        ("cp1256", "iso8859-6"),
    ),
    "th": (
        (
            "สมชาย ใจดี\nวิศวกรซอฟต์แวร์ กรุงเทพมหานคร\n"
            "ประสบการณ์ทำงาน: พัฒนาระบบสำหรับธนาคารและบริษัทประกันภัยมาแล้วแปดปี\n"
            "การศึกษา: ปริญญาตรี วิทยาการคอมพิวเตอร์ จุฬาลงกรณ์มหาวิทยาลัย\n"
        ),
        ("cp874", "tis-620"),
    ),
    "ja": (
        (
            "山田 太郎\n履歴書\n"
            "職歴: 平成二十年に株式会社東京システムへ入社し、銀行向けの業務システムの開発を担当。\n"
            "学歴: 早稲田大学理工学部を卒業。\n資格: 普通自動車免許、情報処理技術者。\n"
            "自己紹介: チームで働くことが好きで、新しい技術を学ぶことに意欲があります。\n"
        ),
        ("cp932", "euc_jp", "iso2022_jp"),
    ),
    "zh-hans": (
        (
            "王小明\n软件工程师，上海\n"
            "工作经历：负责银行核心系统的设计与开发，带领十人的团队完成多个大型项目。\n"
            "教育背景：清华大学计算机科学与技术专业，获得硕士学位。\n"
            "语言能力：普通话、英语流利。希望加入有发展前景的公司，继续学习新的技术。\n"
        ),
        ("gb2312", "gbk", "gb18030"),
    ),
    "zh-hant": (
        (
            "陳美玲\n專案經理，台北\n"
            "工作經歷：負責電子商務網站的規劃與開發，帶領八人的團隊，準時完成所有專案。\n"
            "學歷：國立臺灣大學資訊管理學系畢業，取得碩士學位。\n"
            "語言能力：國語、台語、英語流利。希望能在貴公司繼續發展，學習新的技術。\n"
        ),
        ("big5", "cp950"),
    ),
    "ko": (
        (
            "김영희\n소프트웨어 개발자, 서울\n"
            "경력: 은행 전산 시스템의 설계와 개발을 담당했고, 여섯 명으로 구성된 팀을 이끌었습니다.\n"
            "학력: 서울대학교 컴퓨터공학과 졸업.\n"
            "외국어: 영어와 일본어를 능숙하게 구사합니다. 새로운 기술을 배우는 것을 좋아합니다.\n"
        ),
        ("cp949", "euc_kr", "iso2022_kr"),
    ),
    "pl": (
        (
            "Małgorzata Wiśniewska\nKsięgowa, Łódź\n"
            "Doświadczenie: prowadzenie ksiąg rachunkowych, sporządzanie sprawozdań, rozliczanie"
            " podatków.\nWykształcenie: Uniwersytet Łódzki, wydział ekonomii.\n"
            "Języki: angielski biegle, niemiecki w stopniu średnim. Umiejętność pracy w zespole.\n"
        ),
        ("cp1250", "iso8859-2", "cp852"),
    ),
    "cs": (
        (
            "Jiří Dvořák\nŘidič nákladních vozů, Plzeň\n"
            "Zkušenosti: vnitrostátní i mezinárodní přeprava zboží, údržba vozidel, péče o zákazníky.\n"
            "Vzdělání: střední průmyslová škola, maturitní zkouška s vyznamenáním.\n"
            "Jazyky: čeština, angličtina, němčina. Řidičský průkaz všech skupin, čistý trestní"
            " rejstřík.\n"
        ),
        ("cp1250", "iso8859-2", "cp852"),
    ),
    "hu": (
        (
            "Szőke Erzsébet\nKönyvelő, Győr\n"
            "Szakmai tapasztalat: számlák könyvelése, bérszámfejtés, éves beszámolók készítése.\n"
            "Tanulmányok: Széchenyi István Egyetem, közgazdász szak, kitűnő minősítéssel.\n"
            "Nyelvtudás: angol felsőfok, német középfok. Erősségeim: önállóság, megbízhatóság.\n"
        ),
        ("cp1250", "iso8859-2", "cp852"),
    ),
    "hr": (
        (
            "Željko Kovačić\nInženjer strojarstva, Zagreb\n"
            "Radno iskustvo: projektiranje strojeva i uređaja, vođenje tima, održavanje postrojenja.\n"
            "Obrazovanje: Fakultet strojarstva i brodogradnje, Sveučilište u Zagrebu.\n"
            "Jezici: engleski, njemački. Vozačka dozvola B kategorije, vještine u radu s ljudima.\n"
        ),
        ("cp1250", "iso8859-2"),
    ),
    "ro": (
        (
            "Ştefan Brătianu\nInginer constructor, Timişoara\n"
            "Experienţă: proiectarea clădirilor şi a podurilor, conducerea echipelor de muncitori.\n"
            "Educaţie: Universitatea Politehnica, Facultatea de Construcţii, licenţă în anul 2010.\n"
            "Limbi străine: engleză şi franceză. Abilităţi de comunicare în situaţii dificile.\n"
        ),
        ("cp1250", "iso8859-2"),
    ),
    "tr": (
        (
            "Ayşe Yıldız\nYazılım mühendisi, İstanbul\n"
            "İş deneyimi: bankacılık uygulamalarının geliştirilmesi, altı kişilik ekibin yönetimi.\n"
            "Eğitim: Boğaziçi Üniversitesi, bilgisayar mühendisliği bölümü, yüksek lisans.\n"
            "Yabancı diller: İngilizce, Almanca. Ehliyet: B sınıfı. Güçlü iletişim becerileri.\n"
        ),
        ("cp1254", "iso8859-9", "cp857"),
    ),
    "lt": (
        (
            "Rūta Šimkutė\nBuhalterė, Klaipėda\n"
            "Darbo patirtis: įmonės apskaitos tvarkymas, ataskaitų rengimas, darbo užmokesčio"
            " skaičiavimas.\nIšsilavinimas: Vilniaus universitetas, ekonomikos bakalauras.\n"
            "Kalbos: lietuvių, anglų, rusų. Gebu dirbti savarankiškai, esu kruopšti ir sąžininga.\n"
        ),
        ("cp1257", "iso8859-13"),
    ),
    "lv": (
        (
            "Jānis Bērziņš\nElektriķis, Rīga\n"
            "Darba pieredze: elektroietaišu montāža un apkope, brigādes vadīšana, drošības"
            " instruktāža.\nIzglītība: Rīgas Tehniskā universitāte, enerģētikas fakultāte.\n"
            "Valodas: latviešu, krievu, angļu. Autovadītāja apliecība, labas saskarsmes prasmes.\n"
        ),
        ("cp1257", "iso8859-13"),
    ),
    "de": (
        (
            "Jürgen Müller\nGeschäftsführer, Köln\n"
            "Berufserfahrung: Leitung eines Betriebs für Kühlanlagen, Führung von zwölf Beschäftigten."
            "\nAusbildung: Universität Tübingen, Abschluss in Betriebswirtschaft, Note sehr gut.\n"
            "Sprachen: Deutsch, Englisch, Französisch. Größte Stärke: Verlässlichkeit.\n"
        ),
        ("cp1252", "mac-roman"),
    ),
    "fr": (
        (
            "Hélène Lefèvre\nIngénieure en génie civil, Besançon\n"
            "Expérience : conception de ponts, suivi de chantiers, négociation avec les"
            " collectivités.\nFormation : École nationale des ponts et chaussées, diplômée en 2008.\n"
            "Langues : français, anglais courant, allemand scolaire. Intérêts : théâtre, forêt.\n"
        ),
        ("cp1252", "iso8859-15", "mac-roman", "cp850"),
    ),
    "es": (
        (
            "Íñigo Muñoz Peña\nDiseñador gráfico, Málaga\n"
            "Experiencia: diseño de campañas publicitarias, dirección de un equipo de ocho personas.\n"
            "Formación: Universidad de Sevilla, licenciado en comunicación audiovisual, año 2010.\n"
            "Idiomas: español, inglés, alemán básico. Carné de conducir. Última revisión: marzo.\n"
        ),
        ("cp1252", "iso8859-15", "cp850"),
    ),
    "pt": (
        (
            "João Magalhães\nAnalista de sistemas, São Paulo\n"
            "Experiência: manutenção de aplicações bancárias, coordenação de equipes, gestão de"
            " produção.\nFormação: Universidade de São Paulo, graduação em ciência da computação.\n"
            "Idiomas: português, inglês, espanhol. Disponível para mudança e viagens à Europa.\n"
        ),
        ("cp1252", "iso8859-15"),
    ),
    "sv": (
        (
            "Åsa Sjögren\nSjuksköterska, Göteborg\n"
            "Erfarenhet: vård av äldre, ansvar för läkemedel, handledning av nyanställda på"
            " avdelningen.\nUtbildning: Göteborgs universitet, sjuksköterskeprogrammet.\n"
            "Språk: svenska, engelska, något tyska. Körkort, god förmåga att möta människor i kris.\n"
        ),
        ("cp1252", "iso8859-15"),
    ),
    "is": (
        (
            "Guðrún Þórðardóttir\nKennari, Reykjavík\n"
            "Starfsreynsla: kennsla í grunnskóla, umsjón með námsefni, samstarf við foreldra.\n"
            "Menntun: Háskóli Íslands, bakkalárpróf í kennslufræðum.\nTungumál: íslenska, enska.\n"
        ),
        ("cp1252",),
    ),
    "da": (
        (
            "Søren Ødegård Kjær\nTømrer, Århus\n"
            "Erfaring: opførelse af træhuse, ledelse af byggepladser, rådgivning om kvalitet.\n"
            "Uddannelse: svendebrev fra Århus tekniske skole. Sprog: dansk, engelsk, lidt færøsk.\n"
        ),
        ("cp1252", "iso8859-15"),
    ),
}
