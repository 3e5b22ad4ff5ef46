import { rm } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { execa } from 'execa';
import pg from 'pg';
import type { StateDirectory } from '../platform/state-directory.ts';
import { makeDirectories, type DemoDirectories } from './directories.ts';
import { stopKept } from './kept.ts';

/** The demo's own database on the platform's server: it begins anew each time, and touches no other. */
const database = 'imprint_demo';

/** What an earlier demo left running or lying about is stopped and removed, so that every demo tells the same story. */
export async function startFresh(state: StateDirectory, libvirtUri: string | undefined): Promise<DemoDirectories> {
  await stopKept(state);
  if (libvirtUri !== undefined) await removeMachines(libvirtUri);
  const root = await state.directory('demo');
  await rm(root, { recursive: true, force: true });
  return await makeDirectories(root);
}

/** Ends and forgets the demo's virtual machines. None there: success. */
export async function removeMachines(uri: string): Promise<void> {
  for (const node of ['demo-1', 'demo-2']) {
    await execa('virsh', ['--connect', uri, 'destroy', node], { reject: false });
    await execa('virsh', ['--connect', uri, 'undefine', node], { reject: false });
  }
}

/** Ends runs that an earlier demo left in Temporal: their nodes and rows are gone, so they could only fail. */
export async function endEarlierRuns(): Promise<void> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect(connectionOptions);
  try {
    const client = new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });
    const query = "ImprintManagementNode = 'demo' AND ExecutionStatus = 'Running'";
    for await (const { workflowId } of client.workflow.list({ query })) {
      await client.workflow.getHandle(workflowId).terminate('a new demo begins');
    }
  } finally {
    await connection.close();
  }
}

/** An empty database on the same server; returns its address. */
export async function emptyDatabase(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
  const url = new URL(databaseUrl);
  url.pathname = `/${database}`;
  return url.href;
}
