/** Generates docs/configuration.md, docs/hub-configuration.md and docs/troubleshooting.md from the settings and checks. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectorReference } from '../packages/connector/src/config/reference.ts';
import { troubleshootingReference } from '../packages/connector/src/troubleshoot/reference.ts';
import { hubReference } from '../packages/hub/src/reference.ts';

const docs = join(import.meta.dirname, '..', 'docs');
writeFileSync(join(docs, 'configuration.md'), connectorReference());
writeFileSync(join(docs, 'hub-configuration.md'), hubReference());
writeFileSync(join(docs, 'troubleshooting.md'), troubleshootingReference());
