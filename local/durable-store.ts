import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import * as z from 'zod'
import { Execution, type ExecutionStatus, Operation } from './durable-model.ts'
import { dueOf } from './durable-operations.ts'

const tables = `
  CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, functionKey TEXT NOT NULL, qualifier TEXT NOT NULL,
    input TEXT NOT NULL, status TEXT NOT NULL, result TEXT, error TEXT, startedAt INTEGER NOT NULL, endedAt INTEGER,
    deadline INTEGER NOT NULL, due INTEGER, failures INTEGER NOT NULL, fingerprint TEXT NOT NULL,
    parentArn TEXT, parentOperation TEXT, UNIQUE (functionKey, name)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS executions_due ON executions (status, due);
  CREATE TABLE IF NOT EXISTS operations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL REFERENCES executions (arn) ON DELETE CASCADE,
    id TEXT NOT NULL, body TEXT NOT NULL, due INTEGER, changed INTEGER NOT NULL, callback TEXT,
    UNIQUE (arn, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS operations_due ON operations (due) WHERE due IS NOT NULL;
  CREATE UNIQUE INDEX IF NOT EXISTS operations_callback ON operations (callback) WHERE callback IS NOT NULL;
`

const Body = z.object({ body: z.string().transform((text) => Operation.parse(JSON.parse(text))) })
const Row = Body.extend({ seq: z.number(), arn: z.string() })
const At = z.object({ at: z.number().nullable() })

/** An operation with its place in the order in which operations began. */
export interface Placed {
  readonly seq: number
  readonly arn: string
  readonly operation: Operation
}

export interface ExecutionQuery {
  readonly functionKey: string
  readonly name?: string
  readonly statuses?: readonly ExecutionStatus[]
  readonly startedAfter?: number
  readonly startedBefore?: number
  readonly reverse?: boolean
  readonly offset: number
  readonly limit: number
}

/**
 * Durable executions and their operations in one SQLite file; every change is on disk, or none of it, when a method
 * returns.
 *
 * @param path the file; made where it is not there.
 */
export const openDurableStore = (path: string) => {
  const db = new DatabaseSync(path)
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;')
  db.exec(tables)
  const statement = <T extends z.ZodType>(sql: string, row: T) => {
    const prepared = db.prepare(sql)
    return (...values: SQLInputValue[]): z.infer<T>[] =>
      prepared.all(...values).map((found) => row.parse(found))
  }
  const write = (sql: string) => {
    const prepared = db.prepare(sql)
    return (...values: SQLInputValue[]) => void prepared.run(...values)
  }
  const placed = ({ seq, arn, body }: z.infer<typeof Row>): Placed => ({ seq, arn, operation: body })

  const byArn = statement('SELECT * FROM executions WHERE arn = ?', Execution)
  const byName = statement('SELECT * FROM executions WHERE functionKey = ? AND name = ?', Execution)
  const readyNow = statement(
    `SELECT * FROM executions WHERE status = 'RUNNING' AND due <= ? ORDER BY due LIMIT ?`,
    Execution,
  )
  const overdue = statement(`SELECT * FROM executions WHERE status = 'RUNNING' AND deadline <= ?`, Execution)
  const nextDue = statement(
    `SELECT min(at) AS at FROM (
       SELECT min(due) AS at FROM operations WHERE due IS NOT NULL
       UNION ALL SELECT min(deadline) FROM executions WHERE status = 'RUNNING'
       UNION ALL SELECT min(due) FROM executions WHERE status = 'RUNNING' AND due > ?)`,
    At,
  )
  const operationById = statement('SELECT seq, arn, body FROM operations WHERE arn = ? AND id = ?', Row)
  const operationByCallback = statement('SELECT seq, arn, body FROM operations WHERE callback = ?', Row)
  const operations = statement('SELECT seq, arn, body FROM operations WHERE arn = ? ORDER BY seq', Row)
  const dueOperations = statement('SELECT seq, arn, body FROM operations WHERE due <= ? ORDER BY due', Row)
  const changed = statement(
    'SELECT seq, arn, body FROM operations WHERE arn = ? AND changed = 1 ORDER BY seq',
    Row,
  )
  const putExecution = write(
    `INSERT INTO executions (arn, name, functionKey, qualifier, input, status, result, error, startedAt,
       endedAt, deadline, due, failures, fingerprint, parentArn, parentOperation)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const updateExecution = write(
    'UPDATE executions SET status = ?, result = ?, error = ?, endedAt = ?, due = ?, failures = ? WHERE arn = ?',
  )
  const putOperation = write(
    `INSERT INTO operations (arn, id, body, due, changed, callback) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (arn, id) DO UPDATE SET body = excluded.body, due = excluded.due, changed = excluded.changed`,
  )

  return {
    /** Do several changes as one; within another such, as part of that one. */
    atomically<T>(run: () => T): T {
      if (db.isTransaction) return run()
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = run()
        db.exec('COMMIT')
        return result
      } catch (error) {
        // A full disk has rolled it back by itself.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    add(e: Execution): void {
      putExecution(
        ...[
          e.arn,
          e.name,
          e.functionKey,
          e.qualifier,
          e.input,
          e.status,
          e.result,
          e.error,
          e.startedAt,
          e.endedAt,
        ],
        ...[e.deadline, e.due, e.failures, e.fingerprint, e.parentArn, e.parentOperation],
      )
    },
    update(e: Execution): void {
      updateExecution(e.status, e.result, e.error, e.endedAt, e.due, e.failures, e.arn)
    },
    execution: (arn: string): Execution | undefined => byArn(arn)[0],
    executionNamed: (functionKey: string, name: string): Execution | undefined =>
      byName(functionKey, name)[0],
    /** Running executions to be invoked by now, those waiting longest first. */
    readyBy: (now: number, limit: number): Execution[] => readyNow(now, limit),
    /** Running executions past their own deadline. */
    overdueBy: (now: number): Execution[] => overdue(now),
    /** The next moment something is to be done, later than what is ready at `now`. */
    nextDue: (now: number): number | undefined => nextDue(now)[0]?.at ?? undefined,
    operation: (arn: string, id: string): Operation | undefined => operationById(arn, id)[0]?.body,
    operationOfCallback: (callback: string): Placed | undefined =>
      operationByCallback(callback).map(placed)[0],
    /** An execution's operations in the order in which they began. */
    operations: (arn: string): Placed[] => operations(arn).map(placed),
    operationsDueBy: (now: number): Placed[] => dueOperations(now).map(placed),
    /** Operations that changed outside of an invocation, not told to one yet. */
    changed: (arn: string): Placed[] => changed(arn).map(placed),
    /** Keep an operation. @param told the running invocation knows of the change. */
    put(arn: string, operation: Operation, told: boolean): void {
      const callback = operation.CallbackDetails?.CallbackId ?? null
      putOperation(
        arn,
        operation.Id,
        JSON.stringify(operation),
        dueOf(operation) ?? null,
        told ? 0 : 1,
        callback,
      )
    },
    told: write('UPDATE operations SET changed = 0 WHERE arn = ? AND changed = 1'),
    /** Nothing of an execution that has ended becomes due any more. */
    quieten: write('UPDATE operations SET due = NULL WHERE arn = ? AND due IS NOT NULL'),
    /** Chained invocations under way, of all running executions. */
    openInvokes: (): Placed[] =>
      statement(
        `SELECT o.seq, o.arn, o.body FROM operations o JOIN executions e ON e.arn = o.arn
         WHERE e.status = 'RUNNING' AND o.body ->> 'Type' = 'CHAINED_INVOKE' AND o.body ->> 'Status' = 'STARTED'`,
        Row,
      )().map(placed),
    childOf: (arn: string, operation: string): Execution | undefined =>
      statement('SELECT * FROM executions WHERE parentArn = ? AND parentOperation = ?', Execution)(
        arn,
        operation,
      )[0],
    list({
      functionKey,
      name,
      statuses,
      startedAfter,
      startedBefore,
      reverse,
      offset,
      limit,
    }: ExecutionQuery): Execution[] {
      return statement(
        `SELECT * FROM executions WHERE functionKey = ?1 AND (?2 IS NULL OR name = ?2)
           AND (?3 IS NULL OR status IN (SELECT value FROM json_each(?3)))
           AND startedAt >= ?4 AND startedAt <= ?5
         ORDER BY startedAt ${reverse ? 'DESC' : 'ASC'}, arn LIMIT ?6 OFFSET ?7`,
        Execution,
      )(
        ...[functionKey, name ?? null, statuses && statuses.length > 0 ? JSON.stringify(statuses) : null],
        ...[startedAfter ?? 0, startedBefore ?? Number.MAX_SAFE_INTEGER, limit, offset],
      )
    },
    /** Forget executions of a function that ended before `time`. */
    forget: write('DELETE FROM executions WHERE functionKey = ? AND endedAt < ?'),
    isClosed: () => !db.isOpen,
    close: () => db.close(),
  }
}

export type DurableStore = ReturnType<typeof openDurableStore>
