/** Writes docs/configuration.md, the reference of the connector's settings, from their list. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectorReference } from '../packages/connector/src/config/reference.ts';

writeFileSync(join(import.meta.dirname, '..', 'docs', 'configuration.md'), connectorReference());
