import { didYouMean } from '../../did-you-mean.js';
import { BeltError } from '../../errors.js';
import { bindArguments } from '../../jinja/arguments.js';
import { plainOf } from '../../jinja/python/numbers.js';
import {
  type Dict,
  isDict,
  isFunction,
  type Place,
  present,
  stringOf,
  type TemplateFunction,
} from '../../jinja/python/values.js';
import type { SeedNode } from '../nodes.js';
import type { Relation } from '../relation.js';
import type { Target } from '../target.js';
import { DBT_BUILTINS, EXCEPTIONS } from './builtins.js';
import { type Ask, databaseFunctions } from './database-functions.js';
import { CTE_PREFIX } from './ephemeral.js';
import { TemplateMoment } from './moment-object.js';
import { TemplateRelation } from './relation-object.js';

/** What a ref() or source() stands for. */
export interface FoundRelation {
  readonly uniqueId: string;
  readonly relation: Relation;
  /** SQL to print in its place: the name of an ephemeral model's CTE. */
  readonly sql?: string | undefined;
}

/** What a template may ask of the project: recorded while parsing, answered while compiling. */
export interface TemplateAnswers {
  config(values: Readonly<Record<string, unknown>>): void;
  configValue(name: string): unknown;
  ref(name: string, packageName: string | undefined, place: Place): FoundRelation;
  source(sourceName: string, tableName: string, place: Place): FoundRelation;
  seed(name: string, place: Place): SeedNode;
  /** Asks the database; left out while there is none. */
  query?: Ask;
  /** Told what a template logs; `info` is for people, else for --debug. */
  log?(message: string, info: boolean): void;
  /** The SQL that stands for the rows of a relation that are new in this run. */
  newRows(relation: Relation, uniqueId: string): string;
}

/** What is the same for all templates of a project. */
export interface ProjectScope {
  readonly projectName: string;
  readonly target: Target;
  readonly vars: Readonly<Record<string, unknown>>;
  readonly env: NodeJS.ProcessEnv;
  /** Whether env_var() may tell secrets: where nothing of it comes into SQL. */
  readonly allowsSecrets?: boolean;
}

export interface TemplateScope extends ProjectScope {
  readonly answers: TemplateAnswers;
  readonly self: Relation;
  /** What `model` tells. */
  readonly model: Readonly<Record<string, unknown>>;
  /** What `graph` tells: all nodes and sources by unique id. */
  readonly graph: Readonly<Record<string, unknown>>;
  /** More names, above all others: the overrides of a unit test. */
  readonly more?: Dict | undefined;
  readonly isIncremental: boolean;
  readonly fullRefresh: boolean;
  readonly executing: boolean;
  readonly runStartedAt: Date;
  readonly invocationId: string;
}

/** The names that templates outside of models can use, such as those in YAML. */
export function projectContext(scope: ProjectScope): Dict {
  return {
    ...DBT_BUILTINS,
    var: variableFunction(scope.vars),
    env_var: (positional: readonly unknown[], keywords: Dict) =>
      environmentVariable(scope, positional, keywords),
    target: { ...scope.target, profile_name: scope.projectName, dbname: scope.target.database },
    project_name: scope.projectName,
    dbt_version: '1.9.0',
  };
}

/** The names that models and macros can use. */
export function templateContext(scope: TemplateScope): Dict {
  const { answers, target } = scope;
  const found = ({ relation, uniqueId, sql }: FoundRelation) =>
    sql ?? new TemplateRelation(relation, target.database, uniqueId);
  const builtins = {
    config: configFunction(answers),
    ref: (names: readonly unknown[], { v, version }: Dict, place: Place) => {
      if (v !== undefined || version !== undefined) {
        throw new BeltError('Versions of models are not supported by belt.', {
          hint: 'Leave v= out, and name the model of that version.',
        });
      }
      const [first, second] = names.map((name) => textArgument('ref', name));
      if (first === undefined || names.length > 2) throw wrongArguments('ref', "ref('model')");
      return found(
        second === undefined
          ? answers.ref(first, undefined, place)
          : answers.ref(second, first, place),
      );
    },
    source: (names: readonly unknown[], _: Dict, place: Place) => {
      const [sourceName, table] = names.map((name) => textArgument('source', name));
      if (sourceName === undefined || table === undefined || names.length > 2) {
        throw wrongArguments('source', "source('source', 'table')");
      }
      return found(answers.source(sourceName, table, place));
    },
  };
  return {
    ...projectContext(scope),
    ...databaseFunctions(answers.query, target.database),
    ...logFunctions(answers),
    ...builtins,
    builtins,
    set_sql_header: headerFunction(answers),
    seed_rows: ([name]: readonly unknown[], _: Dict, place: Place) =>
      answers.seed(textArgument('seed_rows', name), place).rows.map((row) => ({ ...row })),
    seed_error: ([name, index, message]: readonly unknown[], _: Dict, place: Place) => {
      const { path, lines } = answers.seed(textArgument('seed_error', name), place);
      throw new BeltError(stringOf(message), {
        location: { file: path, line: lines[Number(index)] ?? 1 },
        hint: 'Correct this line of the seed.',
      });
    },
    new_rows: ([relation]: readonly unknown[]) => {
      // an ephemeral model, or rows that a unit test gives: all of them are new
      if (typeof relation === 'string' && relation.startsWith(CTE_PREFIX)) {
        return `(select * from ${relation})`;
      }
      if (relation instanceof TemplateRelation && relation.uniqueId !== undefined) {
        return answers.newRows(relation.relation, relation.uniqueId);
      }
      throw new BeltError('new_rows() takes what source() or ref() gives.', {
        hint: "Write new_rows(source('source', 'table')) or new_rows(ref('model')).",
      });
    },
    this: new TemplateRelation(scope.self, target.database),
    is_incremental: () => scope.isIncremental,
    should_full_refresh: () => scope.fullRefresh,
    execute: scope.executing,
    flags: { FULL_REFRESH: scope.fullRefresh, WHICH: 'run' },
    invocation_args_dict: { full_refresh: scope.fullRefresh },
    model: scope.model,
    database: target.database,
    schema: scope.self.schema,
    run_started_at: new TemplateMoment(scope.runStartedAt),
    invocation_id: scope.invocationId,
    graph: scope.graph,
    ...scope.more,
  };
}

/** log(), print() and exceptions; without `info`, log() is for --debug alone. */
function logFunctions({ log }: TemplateAnswers): Dict {
  const tell: TemplateFunction = (positional, keywords) => {
    const args = bindArguments('log', ['msg', 'info'], positional, keywords);
    log?.(stringOf(args.msg), args.info === true);
    return '';
  };
  return {
    log: tell,
    print: ([message = '']: readonly unknown[]) => {
      log?.(stringOf(message), true);
      return '';
    },
    exceptions: {
      ...EXCEPTIONS,
      warn: ([message]: readonly unknown[]) => {
        log?.(`Warning: ${stringOf(message)}`, true);
        return '';
      },
    },
  };
}

function textArgument(what: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw wrongArguments(what, `${what}('name')`);
}

function wrongArguments(what: string, example: string): BeltError {
  return new BeltError(`${what}() takes names, as texts.`, { hint: `Write it as ${example}.` });
}

function configFunction(answers: TemplateAnswers): TemplateFunction {
  const get: TemplateFunction = (positional, keywords) => {
    const args = bindArguments('config.get', ['name', 'default'], positional, keywords);
    return answers.configValue(stringOf(args.name)) ?? args.default ?? null;
  };
  const require: TemplateFunction = ([name]) => {
    const value = answers.configValue(stringOf(name));
    if (value !== undefined) return value;
    throw new BeltError(`The config ${stringOf(name)} is required, but not set.`, {
      hint: 'Set it in config(), or in YAML.',
    });
  };
  const config: TemplateFunction = (positional, keywords) => {
    for (const values of positional) answers.config(plainOf(configDict(values)));
    answers.config(plainOf(keywords));
    return '';
  };
  return Object.assign(config, { get, require });
}

/** Throws unless a value can be used as the dictionary of a config. */
function configDict(value: unknown): Dict {
  const dict = present(value);
  if (isDict(dict)) return dict;
  throw new BeltError('config() takes keyword arguments or a dictionary.', {
    hint: "Write config(materialized='view').",
  });
}

/** `{% call set_sql_header(config) %} … {% endcall %}`: the config sql_header, as a block. */
function headerFunction(answers: TemplateAnswers): TemplateFunction {
  return (_, { caller }, place) => {
    if (!isFunction(caller)) {
      throw new BeltError('set_sql_header() has no block to take the header from.', {
        hint: 'Write it as {% call set_sql_header(config) %} … {% endcall %}.',
      });
    }
    answers.config({ sql_header: stringOf(caller([], {}, place)) });
    return '';
  };
}

function variableFunction(vars: Readonly<Record<string, unknown>>): TemplateFunction {
  const variable: TemplateFunction = (positional, keywords) => {
    const args = bindArguments('var', ['name', 'default'], positional, keywords);
    const name = stringOf(args.name);
    if (Object.hasOwn(vars, name)) return structuredClone(vars[name]);
    if (args.default !== undefined) return args.default;
    throw new BeltError(`The variable ${name} is not set${didYouMean(name, Object.keys(vars))}.`, {
      hint: `Set it under vars: in dbt_project.yml, by --vars '{"${name}": …}', or give var() a default.`,
    });
  };
  const hasVariable: TemplateFunction = ([name]) => Object.hasOwn(vars, stringOf(name));
  return Object.assign(variable, { has_var: hasVariable });
}

const SECRETS = ['DBT_ENV_SECRET_', 'BELT_SECRET_'];

function environmentVariable(
  { env, allowsSecrets = false }: ProjectScope,
  positional: readonly unknown[],
  keywords: Dict,
): unknown {
  const args = bindArguments('env_var', ['name', 'default'], positional, keywords);
  const name = stringOf(args.name);
  if (!allowsSecrets && SECRETS.some((prefix) => name.startsWith(prefix))) {
    throw new BeltError(`The environment variable ${name} is a secret, and would come into SQL.`, {
      hint: 'Secrets belong into DATABASE_URL only; rename the variable if it is none.',
    });
  }
  const value = env[name];
  if (value !== undefined) return value;
  if (args.default !== undefined) return args.default;
  throw new BeltError(`The environment variable ${name} is not set.`, {
    hint: `Set it, or give env_var() a default: env_var('${name}', 'value').`,
  });
}
