/** The documents as a site. */
export { type Documents, loadDocuments } from './documents.ts';
export { documentRoutes } from './routes.ts';
