import { didYouMean } from '../did-you-mean.js';
import { BeltError } from '../errors.js';
import type { Expression, MacroDefinition, Parameter, SetTarget, Statement } from './ast.js';
import {
  readArguments,
  readExpression,
  readFilter,
  readLoopList,
  readTuple,
} from './expression-parser.js';
import { SyntaxFault, type Token } from './lexer.js';
import { TokenReader } from './token-reader.js';

/** Tags that the one who uses the language adds to it. */
export interface Tags {
  /** Those that define macros beside {% macro %}, with what each puts before the macro's name. */
  readonly macros: Readonly<Record<string, string>>;
  /** Those that belong elsewhere, with what to say of them. */
  readonly elsewhere: Readonly<Record<string, string>>;
}

/** Reads a template into statements. Throws a BeltError with the line of what is wrong. */
export function parseTemplate(path: string, text: string, tags: Tags): Statement[] {
  try {
    return new StatementParser(text, tags).readAll();
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    throw new BeltError(error.message, {
      location: { file: path, line: error.line },
      hint: 'Correct the Jinja there; src/project/README.md tells what models may use.',
      cause: error,
    });
  }
}

/** Tags of Jinja that belt does not have. */
const UNSUPPORTED = 'autoescape block extends from import include'.split(' ');

/** A body of statements, and the tag that ended it, taken as far as its name. */
interface Body {
  readonly body: Statement[];
  readonly end: string;
}

class StatementParser {
  private readonly reader: TokenReader;
  private readonly text: string;
  private readonly tags: Tags;
  private readonly readers: Readonly<Record<string, (tag: Token, start: number) => Statement>> = {
    if: (tag) => this.readIf(tag),
    for: (tag) => this.readFor(tag),
    set: (tag) => this.readSet(tag),
    do: (tag) => this.readDo(tag),
    macro: (tag, start) => this.readMacro(tag, start, ''),
    call: (tag) => this.readCall(tag),
    filter: (tag) => this.readFilterBlock(tag),
    with: (tag) => this.readWith(tag),
    break: (tag) => this.readLoopEnd(tag, 'break'),
    continue: (tag) => this.readLoopEnd(tag, 'continue'),
  };
  /** Loops that are open where it reads; those around a macro do not count in it. */
  private loops = 0;

  constructor(text: string, tags: Tags) {
    this.reader = new TokenReader(text);
    this.text = text;
    this.tags = tags;
  }

  readAll(): Statement[] {
    return this.readBody(undefined, []).body;
  }

  /**
   * Reads statements from the end of the tag `open` to the name of one of the tags `ends`; all to
   * the end of the file where no tag is open.
   */
  private readBody(open: Token | undefined, ends: readonly string[]): Body {
    if (open !== undefined) {
      // `{% if x: %}` is allowed, as in Python
      this.reader.skip(':');
      this.takeEnd();
    }
    const body: Statement[] = [];
    for (;;) {
      const token = this.reader.next();
      if (token.type === 'text') {
        body.push({ kind: 'text', text: token.value });
      } else if (token.type === 'variable-start') {
        body.push({ kind: 'output', line: token.line, value: readTuple(this.reader) });
        this.reader.take('variable-end', '}}');
      } else if (token.type === 'block-start') {
        const tag = this.reader.take('name', 'the name of a tag');
        if (ends.includes(tag.value)) return { body, end: tag.value };
        body.push(this.readStatement(tag, token.start, open, ends));
      } else if (open === undefined) {
        return { body, end: '' };
      } else {
        throw new SyntaxFault(`{% ${open.value} %} is not closed.`, open.line);
      }
    }
  }

  private readStatement(
    tag: Token,
    start: number,
    open: Token | undefined,
    ends: readonly string[],
  ): Statement {
    const { value: name, line } = tag;
    const { readers, tags } = this;
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (reader !== undefined) return reader(tag, start);
    const prefix = Object.hasOwn(tags.macros, name) ? tags.macros[name] : undefined;
    if (prefix !== undefined) return this.readMacro(tag, start, prefix);
    const known = [...Object.keys(readers), ...Object.keys(tags.macros), ...ends];
    throw new SyntaxFault(this.whyNot(name, open, known), line);
  }

  /** Why a tag cannot stand where it does. */
  private whyNot(name: string, open: Token | undefined, known: readonly string[]): string {
    const { elsewhere } = this.tags;
    const told = Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined;
    if (told !== undefined) return told;
    if (UNSUPPORTED.includes(name)) return `{% ${name} %} is not supported by belt.`;
    const unclosed =
      /^(end|el)/.test(name) && open !== undefined
        ? ` {% ${open.value} %} of line ${open.line} is not closed.`
        : '';
    return `Unknown block tag: ${name}${didYouMean(name, known)}.${unclosed}`;
  }

  /** Reads the body of a tag that one tag ends, which is taken whole. */
  private readWhole(open: Token, end: string): Statement[] {
    const { body } = this.readBody(open, [end]);
    this.takeEnd();
    return body;
  }

  private takeEnd(): void {
    this.reader.take('block-end', '%}');
  }

  private readIf(open: Token): Statement {
    const condition = readTuple(this.reader);
    const { body, end } = this.readBody(open, ['elif', 'else', 'endif']);
    const statement = (otherwise: Statement[]): Statement => ({
      kind: 'if',
      condition,
      body,
      otherwise,
    });
    if (end === 'elif') return statement([this.readIf(open)]);
    if (end === 'else') return statement(this.readWhole(open, 'endif'));
    this.takeEnd();
    return statement([]);
  }

  private readFor(open: Token): Statement {
    const names = this.readNames();
    if (!this.reader.skipWord('in')) throw this.reader.expected(`"in" after ${names.join(', ')}`);
    const list = readLoopList(this.reader);
    const condition = this.reader.skipWord('if') ? readExpression(this.reader) : undefined;
    this.loops++;
    const { body, end } = this.readBody(open, ['else', 'endfor']);
    this.loops--;
    const otherwise = end === 'else' ? this.readWhole(open, 'endfor') : [];
    if (end !== 'else') this.takeEnd();
    return { kind: 'for', line: open.line, names, list, condition, body, otherwise };
  }

  private readLoopEnd({ line }: Token, kind: 'break' | 'continue'): Statement {
    if (this.loops === 0) throw new SyntaxFault(`{% ${kind} %} stands outside of a loop.`, line);
    this.takeEnd();
    return { kind };
  }

  private readWith(open: Token): Statement {
    const variables: { name: string; value: Expression }[] = [];
    while (!this.reader.isAt('block-end')) {
      if (variables.length > 0) this.reader.takeOperator(',');
      const name = this.takeName('a name to set');
      this.reader.takeOperator('=');
      variables.push({ name, value: readExpression(this.reader) });
    }
    return { kind: 'with', line: open.line, variables, body: this.readWhole(open, 'endwith') };
  }

  /** `a, b`, with or without parentheses. */
  private readNames(): string[] {
    const parenthesis = this.reader.skip('(');
    const names = [this.takeName('a name')];
    while (this.reader.skip(',')) names.push(this.takeName('a name'));
    if (parenthesis) this.reader.takeOperator(')');
    return names;
  }

  private readSet(open: Token): Statement {
    const { line } = open;
    const target = this.readTarget();
    const targets = [target];
    while (this.reader.skip(',')) targets.push(this.readTarget());
    if (this.reader.skip('=')) {
      const value = readTuple(this.reader);
      this.takeEnd();
      return { kind: 'set', line, targets, value };
    }
    if (targets.length > 1) throw new SyntaxFault('A {% set %} block sets one name.', line);
    return { kind: 'capture', line, target, body: this.readWhole(open, 'endset') };
  }

  private readTarget(): SetTarget {
    const name = this.takeName('a name to set');
    const member = this.reader.skip('.') ? this.takeName('a name after "."') : undefined;
    return { name, member };
  }

  private readDo({ line }: Token): Statement {
    const value = readTuple(this.reader);
    this.takeEnd();
    return { kind: 'do', line, value };
  }

  /** A macro, whose end may name it again; tags that add to a name end as any of them does. */
  private readMacro(open: Token, start: number, prefix: string): Statement {
    const { mentioned } = this.reader;
    const before = mentioned.length;
    const name = this.takeName('the name of the macro');
    const parameters = this.readParameters();
    const tags = prefix === '' ? ['macro'] : Object.keys(this.tags.macros);
    const { body } = this.outsideOfLoops(() =>
      this.readBody(
        open,
        tags.map((tag) => `end${tag}`),
      ),
    );
    this.reader.skipWord(name);
    this.takeEnd();
    return {
      kind: 'macro',
      macro: this.definition(`${prefix}${name}`, open, parameters, body, before),
      text: this.text.slice(start, this.reader.place),
    };
  }

  private readCall(open: Token): Statement {
    const before = this.reader.mentioned.length;
    const parameters = this.reader.isAt('operator', '(') ? this.readParameters() : [];
    const call = readExpression(this.reader);
    if (call.kind !== 'call') {
      throw new SyntaxFault('Expected a call of a macro after {% call.', open.line);
    }
    const body = this.outsideOfLoops(() => this.readWhole(open, 'endcall'));
    const caller = this.definition('caller', open, parameters, body, before);
    return { kind: 'call-block', line: open.line, call, caller };
  }

  private outsideOfLoops<T>(read: () => T): T {
    const { loops } = this;
    this.loops = 0;
    const result = read();
    this.loops = loops;
    return result;
  }

  private readFilterBlock(open: Token): Statement {
    const filters = [readFilter(this.reader)];
    while (this.reader.skip('|')) filters.push(readFilter(this.reader));
    return {
      kind: 'filter-block',
      line: open.line,
      filters,
      body: this.readWhole(open, 'endfilter'),
    };
  }

  private takeName(what: string): string {
    return this.reader.take('name', what).value;
  }

  private definition(
    name: string,
    { line }: Token,
    parameters: Parameter[],
    body: Statement[],
    before: number,
  ): MacroDefinition {
    const mentions = new Set(this.reader.mentioned.slice(before));
    return { name, line, parameters, body, mentions };
  }

  private readParameters(): Parameter[] {
    const { positional, keywords } = readArguments(this.reader);
    return [
      ...positional.map(({ value }) => {
        if (value.kind === 'name') return { name: value.name, fallback: undefined };
        throw new SyntaxFault('A parameter of a macro must be a name.', value.line);
      }),
      ...keywords.map(({ name, value }) => ({ name: name ?? '', fallback: value })),
    ];
  }
}
