/** Examples out of the documents, as an administrator copies them: tests run them, so that none of them can be wrong. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Example {
  /** `front-channel.md` */
  document: string;
  /** The heading that it stands under, without its marks. */
  section: string;
  /** Of the fence: `haproxy`. */
  language: string;
}

/**
 * @param replacements what an administrator puts in for names, addresses and files of the example
 * @throws where the document has no such example, or the example not what is to be replaced
 */
export async function documented({ document, section, language }: Example, replacements: Record<string, string>): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'docs', document), 'utf8');
  const under = text.split(/^#+ /m).find((part) => part.startsWith(`${section}\n`));
  const fence = `\`\`\`${language}\n`;
  const [, block] = under?.split(fence) ?? [];
  if (block === undefined) throw new Error(`docs/${document} has no example for ${language} under "${section}"`);
  let example = block.slice(0, block.indexOf('```'));
  for (const [given, own] of Object.entries(replacements)) {
    if (!example.includes(given)) throw new Error(`the example for ${language} in docs/${document} has no ${given}`);
    example = example.replaceAll(given, own);
  }
  return example;
}
