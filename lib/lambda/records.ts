import { tableName } from '../config.ts'
import type { AttachingBackend } from '../driver/backend.ts'
import type { JobRecords } from '../jobs/record.ts'
import { once } from '../once.ts'
import { attachmentBook } from '../store/attachments.ts'
import { jobRecords } from '../store/jobs.ts'
import { openTable } from '../store/table.ts'
import { backendFor } from './backend.ts'
import type { Invocation } from './endpoint.ts'

export const table = once(() => openTable(tableName()))

export const now = (): string => new Date().toISOString()

export const attachingBackendFor = async (
  invocation: Invocation,
  input: unknown,
): Promise<AttachingBackend> => ({
  ...(await backendFor(invocation, input)),
  attachments: attachmentBook(table()),
})

export const jobs = (): JobRecords => jobRecords(table(), now)
