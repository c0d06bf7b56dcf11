/** Generates the reference documents and the schema of the Helm chart from settings and checks, and the licence list from the lock file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectorReference } from '../packages/connector/src/config/reference.ts';
import { troubleshootingReference } from '../packages/connector/src/troubleshoot/reference.ts';
import { hubReference } from '../packages/hub/src/reference.ts';
import { CHART_FOLDER, chartSchema } from '../packaging/containers/chart-schema.ts';
import { licenceDocument, thirdPartyPackages } from './licences.ts';

const docs = join(import.meta.dirname, '..', 'docs');
writeFileSync(join(docs, 'configuration.md'), connectorReference());
writeFileSync(join(docs, 'hub-configuration.md'), hubReference());
writeFileSync(join(docs, 'troubleshooting.md'), troubleshootingReference());
writeFileSync(join(docs, 'third-party-licences.md'), licenceDocument(thirdPartyPackages(join(docs, '..'))));
writeFileSync(join(CHART_FOLDER, 'values.schema.json'), chartSchema());
