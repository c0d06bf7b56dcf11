/** The prompts of `setup` in a terminal, for settings that are not given otherwise. The current value is the default. */
import { intro, isCancel, password, text } from '@clack/prompts';
import { CodedError } from '@landbridge/runtime';
import type { Config } from '../config/load.ts';
import { SETTINGS, type SettingName } from '../config/settings.ts';

interface Question {
  name: SettingName;
  message: string;
  placeholder?: string;
  optional?: true;
}

const QUESTIONS: readonly Question[] = [
  { name: 'PROVISIONING_TICKET', message: 'Ticket URL of the connection, or address of the hub to enrol by a code' },
  { name: 'LDAP_URL', message: 'Directory server', placeholder: 'ldaps://dc1.example.com' },
  { name: 'LDAP_BASE', message: 'Search base for users (empty: ask the directory)', placeholder: 'DC=example,DC=com', optional: true },
  { name: 'LDAP_BIND_USER', message: 'Service account', placeholder: 'CN=reader,OU=Services,DC=example,DC=com' },
  { name: 'LDAP_BIND_PASSWORD', message: 'Its password' },
];

/**
 * @param given settings that need no prompt
 * @returns the answers; a secret that stays the same is omitted
 * @throws CodedError CANCELLED
 */
export async function askQuestions(config: Config, given: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  const open = QUESTIONS.filter(
    ({ name }) =>
      given[name] === undefined && !((needsNoAccount(config) || given.LDAP_BIND_METHOD === 'external') && name.startsWith('LDAP_BIND_')),
  );
  if (open.length > 0) intro('Setting up the connector');
  for (const question of open) {
    const answer = await ask(question, config);
    if (answer !== '') answers[question.name] = answer;
  }
  return answers;
}

function needsNoAccount({ values }: Config): boolean {
  if (values.LDAP_BIND_METHOD === 'external') return true;
  return values.LDAP_BIND_USER === undefined && (values.ANONYMOUS_SEARCH_ENABLED || values.LDAP_USER_DN !== undefined);
}

async function ask({ name, message, placeholder, optional }: Question, config: Config): Promise<string> {
  const definition = SETTINGS[name];
  const isSecret = 'secret' in definition;
  const isKnown = config.values[name] !== undefined || (name === 'LDAP_BIND_PASSWORD' && config.values.LDAP_BIND_CREDENTIALS !== undefined);
  const validate = (value: string | undefined) => {
    if (value === undefined || value.trim() === '') return optional || isKnown ? undefined : 'Required';
    return definition.type.schema.safeParse(value).success ? undefined : `Must be ${definition.type.describe}`;
  };
  const answer = isSecret
    ? await password({ message: isKnown ? `${message} (empty: keep the current one)` : message, validate })
    : await text({
        message,
        validate,
        initialValue: String(config.values[name] ?? ''),
        ...(placeholder === undefined ? {} : { placeholder }),
      });
  if (isCancel(answer)) throw new CodedError('CANCELLED', 'Setup cancelled: nothing was saved');
  // A password may begin or end with a space.
  return name === 'LDAP_BIND_PASSWORD' ? (answer ?? '') : (answer ?? '').trim();
}
