import { config, tableName } from '../config.ts'
import type { AttachingBackend } from '../driver/backend.ts'
import { onCluster } from '../hosts/on-cluster.ts'
import type { HostRecords } from '../hosts/record.ts'
import type { JobRecords } from '../jobs/record.ts'
import { once } from '../once.ts'
import { attachmentBook } from '../store/attachments.ts'
import { hostRecords } from '../store/hosts.ts'
import { jobRecords } from '../store/jobs.ts'
import { openTable } from '../store/table.ts'
import { backendFor, backendNameOf, hostsOf } from './backend.ts'
import type { Invocation } from './endpoint.ts'
import { patiently } from './patience.ts'
import { recordedHosts } from './recorded-hosts.ts'

export const table = once(() => openTable(tableName(), patiently()))

export const now = (): string => new Date().toISOString()

export const attachingBackendFor = async (
  invocation: Invocation,
  input: unknown,
): Promise<AttachingBackend> => {
  const backend = await backendFor(invocation, input)
  return {
    ...backend,
    hosts: onCluster(recordedHosts(hostsOf(config()), hostsHeard()), backendNameOf(input)),
    attachments: attachmentBook(table()),
  }
}

/** What was heard of hosts. */
export const hostsHeard = (): HostRecords => hostRecords(table())

export const jobs = (): JobRecords => jobRecords(table(), now)
