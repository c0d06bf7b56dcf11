/** Configuration examples from the documents. Tests run them, so that they stay correct. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Example {
  /** Such as `front-channel.md`. */
  document: string;
  /** The heading above it, without `#`. */
  section: string;
  /** The language of the code block, such as `haproxy`. */
  language: string;
}

/**
 * @param replacements real values for names, addresses and files of the example
 * @throws if the document has no such example, or the example lacks a replaced text
 */
export async function documented({ document, section, language }: Example, replacements: Record<string, string>): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'docs', document), 'utf8');
  const under = text.split(/^#+ /m).find((part) => part.startsWith(`${section}\n`));
  const fence = `\`\`\`${language}\n`;
  const [, block] = under?.split(fence) ?? [];
  if (block === undefined) throw new Error(`docs/${document} has no example for ${language} under "${section}"`);
  let example = block.slice(0, block.indexOf('```'));
  for (const [given, own] of Object.entries(replacements)) {
    if (!example.includes(given)) throw new Error(`the ${language} example in docs/${document} does not contain ${given}`);
    example = example.replaceAll(given, own);
  }
  return example;
}
