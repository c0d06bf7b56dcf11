/** Users and a group whose names can be written in several ways, for directories that tests fill. */
export interface UnicodeUser {
  /** As stored in the directory. */
  name: string;
  cn: string;
  /** Other spellings that every directory must treat as equal. */
  typed: string[];
}

/** Accented letters are precomposed, unless stated otherwise. */
export const UNICODE_USERS: readonly UnicodeUser[] = [
  { name: 'ipek.ışık', cn: 'İpek Işık', typed: [] },
  { name: 'οδυσσέας', cn: 'Οδυσσέας Σίσυφος', typed: ['ΟΔΥΣΣΈΑς', 'Οδυσσέας'.normalize('NFD')] },
  { name: 'юлия.щукина', cn: 'Юлия Щукина', typed: ['ЮЛИЯ.Щукина', 'юлия.щукина'.normalize('NFD')] },
  { name: '山田太郎', cn: '山田 太郎', typed: [] },
  { name: 'ガブ', cn: 'ガブ', typed: ['ガブ'.normalize('NFD')] },
  { name: 'smile😀', cn: '😀 Smile 👩‍👩‍👧', typed: ['SMILE😀'] },
  { name: 'zo\u00eb.\u0142ukasz', cn: 'Zo\u00eb \u0141ukasz', typed: ['zoe\u0308.\u0142ukasz'] },
  { name: 'na\u0308\u0323h', cn: 'na\u0308\u0323h', typed: ['n\u1ea1\u0308h'] },
];

/** Unknown names that look like one of those above. */
export const UNICODE_STRANGERS = ['ipek.isik.', 'юлия.щукинa', '山田太朗', 'smile😁', 'smile', 'zo\u00eb.\u0142', '\u200balice'];

export const UNICODE_GROUP = 'größe Ω команда 部門 😀 İı';
