import { JobDocument } from './document.ts'
import type { JobRecord } from './record.ts'

/** The document a record was made of. */
export const documentOf = ({ id, kind, project, backend, input }: JobRecord): JobDocument =>
  JobDocument.parse({ id, kind, version: 1, project, backend, input })
