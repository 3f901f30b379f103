import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseDatabaseUrl, redactUrl, type ServerProfile } from '../../src/database/profile.js';

function server(url: string): ServerProfile {
  const profile = parseDatabaseUrl(url, '/work');
  if (profile.engine !== 'server') throw new Error('not a server');
  return profile;
}

test('an embedded URL names a folder below the working folder', () => {
  expect(parseDatabaseUrl('embedded:.belt', '/work')).toMatchObject({
    engine: 'embedded',
    folder: '/work/.belt',
  });
  expect(parseDatabaseUrl('embedded:/data/x', '/work')).toMatchObject({ folder: '/data/x' });
});

test('the TLS settings of a server URL mean what they mean to libpq', () => {
  const folder = mkdtempSync(join(tmpdir(), 'belt-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, 'CERTIFICATE');
  expect(server('postgres://u@h/d').pool.ssl).toBeFalsy();
  expect(server('postgres://u@h/d?sslmode=disable').pool.ssl).toBe(false);
  expect(server('postgres://u@h/d?sslmode=require').pool.ssl).toMatchObject({
    rejectUnauthorized: false,
  });
  const full = server(`postgres://u@h/d?sslmode=verify-full&sslrootcert=${ca}`).pool.ssl;
  expect(full).toMatchObject({ ca: 'CERTIFICATE' });
  expect(full).not.toMatchObject({ rejectUnauthorized: false });
  expect(full).not.toHaveProperty('checkServerIdentity');
  const verifyCa = server(`postgres://u@h/d?sslmode=verify-ca&sslrootcert=${ca}`).pool.ssl;
  expect(verifyCa).toHaveProperty('checkServerIdentity');
  expect(() => server('postgres://u@h/d?sslmode=verify-full&sslrootcert=/no/such.pem')).toThrow(
    /no such file/i,
  );
});

test('secrets of a URL are not shown', () => {
  expect(redactUrl('postgres://me:p%40ss:w@host:5432/db?x=1')).toBe(
    'postgres://me:***@host:5432/db?x=1',
  );
  expect(redactUrl('postgres://me:p@ss@host/db')).toBe('postgres://me:***@host/db');
  expect(redactUrl('postgres://host/db?password=abc&sslmode=require')).toBe(
    'postgres://host/db?password=***&sslmode=require',
  );
  expect(redactUrl('postgres://me@host/db')).toBe('postgres://me@host/db');
  expect(redactUrl('me:secret@host:5432/db')).toBe('me:***@host:5432/db');
  expect(redactUrl('postgres:/me:secret@host/db')).toBe('postgres:/me:***@host/db');
  expect(redactUrl("host=h password='a b' user=me")).toBe('host=h password=*** user=me');
  expect(server('postgres://me:secret@h/d').displayUrl).not.toContain('secret');
});

test('a URL of another kind is wrong usage', () => {
  expect(() => parseDatabaseUrl('mysql://me:secret@h/d', '/')).toThrow(/mysql:\/\/me:\*\*\*@h\/d/);
});
