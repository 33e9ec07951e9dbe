import { config } from '../config.ts'
import type { Sweeping } from '../jobs/sweep.ts'
import { ticketsIn } from '../store/tickets.ts'
import { hostsOf } from './backend.ts'
import { table } from './records.ts'
import { starter } from './starter.ts'
import { submission } from './submission.ts'
import { turns } from './turns.ts'

/** What it takes to look after the jobs. */
export const sweeping = (): Sweeping => ({
  ...starter(),
  queue: submission().queue,
  hosts: hostsOf(config()),
  tickets: ticketsIn(table()),
  turns: turns(),
})
