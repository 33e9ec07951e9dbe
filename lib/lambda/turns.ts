import { config } from '../config.ts'
import { type Turns, turnsOf } from '../jobs/turns.ts'
import { ticketsIn } from '../store/tickets.ts'
import { hostsOf } from './backend.ts'
import { wake } from './callbacks.ts'
import { jobs, table } from './records.ts'

/** The turns of jobs on hosts, as the table keeps them. */
export const turns = (): Turns =>
  turnsOf({ tickets: ticketsIn(table()), hosts: hostsOf(config()), jobs: jobs(), wake })
