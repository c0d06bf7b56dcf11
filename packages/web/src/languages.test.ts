import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LANGUAGES, languageFor, speechIn } from './languages.ts';
import { en } from './texts-en.ts';

const placeholdersIn = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

describe('the texts of users’ pages', () => {
  for (const [language, texts] of Object.entries(LANGUAGES)) {
    it(`are complete in "${language}", with the placeholders of the English ones`, () => {
      assert.deepEqual(Object.keys(texts).sort(), Object.keys(en).sort());
      for (const [key, text] of Object.entries(en)) {
        const translated = new Map<string, string>(Object.entries(texts)).get(key) ?? '';
        assert.notEqual(translated.trim(), '', key);
        assert.deepEqual(placeholdersIn(translated), placeholdersIn(text), key);
        assert.ok(!/[<>"]|^\s|\s$| {2}/.test(translated), `${key}: ${translated}`);
      }
    });
  }

  it('are the same for an unknown name and a wrong password', () => {
    for (const texts of Object.values(LANGUAGES)) assert.equal(texts.invalid_credentials, texts.user_not_found);
  });

  it('are translated: a sentence is not the English one', () => {
    for (const [language, texts] of Object.entries(LANGUAGES).filter(([language]) => language !== 'en')) {
      for (const [key, text] of Object.entries(en)) {
        const translated = new Map<string, string>(Object.entries(texts)).get(key);
        if (text.includes(' ')) assert.notEqual(translated, text, `${language}: ${key}`);
      }
    }
  });

  it('leave values as they are, also if they look like placeholders', () => {
    assert.equal(speechIn('de').say('continueAs', { user: '{application} $& <b>' }), 'Weiter als {application} $& <b>');
  });

  it('name a time to wait in the largest suitable unit', () => {
    const { duration } = speechIn('en');
    assert.deepEqual([0, 1, 30, 89, 90, 3600, 5399, 5400, 90_000, 200_000].map(duration), [
      '1 second',
      '1 second',
      '30 seconds',
      '89 seconds',
      '2 minutes',
      '60 minutes',
      '90 minutes',
      '2 hours',
      '25 hours',
      '3 days',
    ]);
    assert.equal(speechIn('de').duration(30), '30 Sekunden');
    assert.equal(speechIn('ja').say('tryAgainIn', { time: speechIn('ja').duration(30) }), '30 秒後にもう一度お試しください。');
  });
});

describe('the language of a page', () => {
  for (const [uiLocales, acceptLanguage, expected] of [
    ['', '', 'en'],
    ['', 'de-AT,de;q=0.9,en;q=0.8', 'de'],
    ['', 'en;q=0.5, fr;q=0.9', 'fr'],
    ['', 'nl, es;q=0.1', 'es'],
    ['', 'de;q=0, ja', 'ja'],
    ['', 'zh-TW', 'zh'],
    ['', 'pt-PT', 'pt'],
    ['it', 'de', 'it'],
    ['nl IT-CH de', 'fr', 'it'],
    ['nl', 'fr', 'fr'],
    ['constructor __proto__', 'toString', 'en'],
    ['', 'x'.repeat(100_000), 'en'],
  ] as const) {
    it(`is ${expected} for ui_locales "${uiLocales}" and Accept-Language "${acceptLanguage.slice(0, 40)}"`, () => {
      assert.equal(languageFor({ uiLocales, acceptLanguage }), expected);
    });
  }
});
