/** People and a group whose names are written in many ways, for directories that tests fill themselves. */
export interface UnicodePerson {
  /** As the directory holds it. */
  name: string;
  cn: string;
  /** Other ways in which it may be typed and that every directory must take for the same. */
  typed: string[];
}

/** Accented letters are one character each, unless said otherwise. */
export const UNICODE_PEOPLE: readonly UnicodePerson[] = [
  { name: 'ipek.ışık', cn: 'İpek Işık', typed: [] },
  { name: 'οδυσσέας', cn: 'Οδυσσέας Σίσυφος', typed: ['ΟΔΥΣΣΈΑς', 'Οδυσσέας'.normalize('NFD')] },
  { name: 'юлия.щукина', cn: 'Юлия Щукина', typed: ['ЮЛИЯ.Щукина', 'юлия.щукина'.normalize('NFD')] },
  { name: '山田太郎', cn: '山田 太郎', typed: [] },
  { name: 'ガブ', cn: 'ガブ', typed: ['ガブ'.normalize('NFD')] },
  { name: 'smile😀', cn: '😀 Smile 👩‍👩‍👧', typed: ['SMILE😀'] },
  { name: 'zo\u00eb.\u0142ukasz', cn: 'Zo\u00eb \u0141ukasz', typed: ['zoe\u0308.\u0142ukasz'] },
  { name: 'na\u0308\u0323h', cn: 'na\u0308\u0323h', typed: ['n\u1ea1\u0308h'] },
];

/** Names that are nobody's: each looks like one of theirs. */
export const UNICODE_STRANGERS = ['ipek.isik.', 'юлия.щукинa', '山田太朗', 'smile😁', 'smile', 'zo\u00eb.\u0142', '\u200balice'];

export const UNICODE_GROUP = 'größe Ω команда 部門 😀 İı';
