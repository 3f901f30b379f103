import { BeltError } from '../errors.js';
import type { MacroDefinition, Parameter, SetTarget, Statement } from './ast.js';
import {
  peek,
  readArguments,
  readExpression,
  readFilter,
  readLoopList,
  readTuple,
  type TokenReader,
  take,
} from './expression-parser.js';
import { Parser, type Token } from './nunjucks-internals.js';
import { jinjaTokens, SyntaxFault } from './tokens.js';

/** Reads a template into statements. Throws a BeltError with the line of what is wrong. */
export function parseTemplate(path: string, text: string): Statement[] {
  const parser = new TemplateParser(jinjaTokens(text));
  try {
    return statementsOf(parser.parse());
  } catch (error) {
    const { message, line } = parser.faultOf(error);
    throw new BeltError(message, {
      location: { file: path, line },
      hint: 'Correct the Jinja there; the README lists what models may use.',
      cause: error,
    });
  }
}

const NOT_OF_DBT = ['extends', 'include', 'import', 'from', 'block', 'switch', 'asyncEach'];
const BLOCKS_OF_DBT = ['snapshot', 'materialization', 'docs'];

/** nunjucks' parser, with the tags of dbt and Jinja's expressions in place of its own. */
class TemplateParser extends Parser implements TokenReader {
  private readonly mentioned: string[] = [];
  private readonly open: Token[] = [];
  private lastLine = 1;

  override nextToken(withWhitespace?: boolean): Token | null {
    const token = super.nextToken(withWhitespace);
    if (token !== null && token !== undefined) this.lastLine = token.lineno + 1;
    return token;
  }

  mention(name: string): void {
    this.mentioned.push(name);
  }

  override parseExpression(): unknown {
    return readTuple(this);
  }

  override parseStatement(): unknown {
    const tag = peek(this);
    const name = tag.value;
    if (NOT_OF_DBT.includes(name)) {
      throw new SyntaxFault(`{% ${name} %} is not supported by belt.`, tag.lineno + 1);
    }
    if (BLOCKS_OF_DBT.includes(name)) {
      throw new SyntaxFault(`{% ${name} %} blocks are not supported by belt here.`, tag.lineno + 1);
    }
    this.open.push(tag);
    const statement = this.parseTag(name);
    this.open.pop();
    return statement;
  }

  private parseTag(name: string): unknown {
    if (name === 'do') return this.parseDo();
    return name === 'test' || name === 'data_test' ? this.parseTest(name) : super.parseStatement();
  }

  /** `{% test name(model, …) %}` is a macro of the name `test_name`. */
  private parseTest(keyword: string): Statement {
    const tag = take(this, 'symbol', keyword);
    const { value: name } = take(this, 'symbol', 'the name of the test');
    const before = this.mentioned.length;
    const parameters = this.readParameters();
    this.advanceAfterBlockEnd(keyword);
    const body = statementsOf(this.parseUntilBlocks('endtest', 'enddata_test'));
    this.advanceAfterBlockEnd();
    const macro = this.definition(`test_${name}`, tag, parameters, body, before);
    return { kind: 'macro', macro };
  }

  private parseDo(): Statement {
    const tag = take(this, 'symbol', 'do');
    const value = readTuple(this);
    this.advanceAfterBlockEnd('do');
    return { kind: 'do', line: tag.lineno + 1, value };
  }

  override parseFor(): Statement {
    const tag = take(this, 'symbol', 'for');
    const names = this.readNames('in');
    const list = readLoopList(this);
    const condition = this.skipSymbol('if') ? readExpression(this) : undefined;
    this.advanceAfterBlockEnd('for');
    const body = statementsOf(this.parseUntilBlocks('endfor', 'else'));
    let otherwise: Statement[] = [];
    if (this.skipSymbol('else')) {
      this.advanceAfterBlockEnd('else');
      otherwise = statementsOf(this.parseUntilBlocks('endfor'));
    }
    this.advanceAfterBlockEnd();
    return { kind: 'for', line: tag.lineno + 1, names, list, condition, body, otherwise };
  }

  /** `a, b in`, with or without parentheses. */
  private readNames(end: string): string[] {
    const parenthesis = this.skip('left-paren');
    const names = [take(this, 'symbol', 'a name').value];
    while (this.skip('comma')) names.push(take(this, 'symbol', 'a name').value);
    if (parenthesis) take(this, 'right-paren', '")"');
    const next = peek(this);
    if (!this.skipSymbol(end)) {
      throw new SyntaxFault(`Expected "${end}" after ${names.join(', ')}.`, next.lineno + 1);
    }
    return names;
  }

  override parseSet(): Statement {
    const tag = take(this, 'symbol', 'set');
    const line = tag.lineno + 1;
    const targets = [this.readTarget()];
    while (this.skip('comma')) targets.push(this.readTarget());
    if (this.skipValue('operator', '=')) {
      const value = readTuple(this);
      this.advanceAfterBlockEnd('set');
      return { kind: 'set', line, targets, value };
    }
    this.advanceAfterBlockEnd('set');
    const body = statementsOf(this.parseUntilBlocks('endset'));
    this.advanceAfterBlockEnd();
    const [target] = targets;
    if (target === undefined || targets.length > 1) {
      throw new SyntaxFault('A {% set %} block sets one name.', line);
    }
    return { kind: 'capture', line, target, body };
  }

  private readTarget(): SetTarget {
    const { value: name } = take(this, 'symbol', 'a name to set');
    const member = this.skipValue('operator', '.')
      ? take(this, 'symbol', 'a name after "."').value
      : undefined;
    return { name, member };
  }

  override parseMacro(): Statement {
    const tag = take(this, 'symbol', 'macro');
    const { value: name } = take(this, 'symbol', 'the name of the macro');
    const before = this.mentioned.length;
    const parameters = this.readParameters();
    this.advanceAfterBlockEnd('macro');
    const body = statementsOf(this.parseUntilBlocks('endmacro'));
    this.skipEndName('endmacro', name);
    return { kind: 'macro', macro: this.definition(name, tag, parameters, body, before) };
  }

  override parseCall(): Statement {
    const tag = take(this, 'symbol', 'call');
    const before = this.mentioned.length;
    const parameters = peek(this).type === 'left-paren' ? this.readParameters() : [];
    const call = readExpression(this);
    if (call.kind !== 'call') {
      throw new SyntaxFault('Expected a call of a macro after {% call.', tag.lineno + 1);
    }
    this.advanceAfterBlockEnd('call');
    const body = statementsOf(this.parseUntilBlocks('endcall'));
    this.advanceAfterBlockEnd();
    const caller = this.definition('caller', tag, parameters, body, before);
    return { kind: 'call-block', line: tag.lineno + 1, call, caller };
  }

  override parseFilterStatement(): Statement {
    const tag = take(this, 'symbol', 'filter');
    const filters = [readFilter(this)];
    while (this.skip('pipe')) filters.push(readFilter(this));
    this.advanceAfterBlockEnd('filter');
    const body = statementsOf(this.parseUntilBlocks('endfilter'));
    this.advanceAfterBlockEnd();
    return { kind: 'filter-block', line: tag.lineno + 1, filters, body };
  }

  /** `{% endmacro name %}` is allowed. */
  private skipEndName(end: string, name: string): void {
    if (this.skipSymbol(end)) this.skipSymbol(name);
    this.advanceAfterBlockEnd(end);
  }

  private definition(
    name: string,
    tag: Token,
    parameters: Parameter[],
    body: Statement[],
    before: number,
  ): MacroDefinition {
    const mentions = new Set(this.mentioned.slice(before));
    return { name, line: tag.lineno + 1, parameters, body, mentions };
  }

  private readParameters(): Parameter[] {
    const { positional, keywords } = readArguments(this);
    return [
      ...positional.map(({ value }) => {
        if (value.kind === 'name') return { name: value.name, fallback: undefined };
        throw new SyntaxFault('A parameter of a macro must be a name.', value.line);
      }),
      ...keywords.map(({ name, value }) => ({ name: name ?? '', fallback: value })),
    ];
  }

  /** The fault that a person can read, with the tag that was left open at the end of the file. */
  faultOf(error: unknown): SyntaxFault {
    const { message, line, lineno } = error as { message: string; line?: number; lineno?: number };
    const atEnd =
      error instanceof TypeError || message.includes('got end of file') || Number.isNaN(line);
    const unclosed = this.open.at(-1);
    if (atEnd && unclosed !== undefined) {
      return new SyntaxFault(`{% ${unclosed.value} %} is not closed.`, unclosed.lineno + 1);
    }
    if (atEnd) return new SyntaxFault('The file ends inside a tag.', this.lastLine);
    if (error instanceof SyntaxFault) return error;
    return new SyntaxFault(plain(message), lineno ?? this.lastLine);
  }
}

/** nunjucks' words for what is wrong, without the name of its function. */
function plain(message: string): string {
  const text = message.replace(/^parse\w+: /, '').replace(/^advanceAfterBlockEnd: /, '');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The nodes that nunjucks makes around ours. */
type ParsedNode =
  | Statement
  | { readonly typename: 'NodeList' | 'Root'; readonly children: readonly ParsedNode[] }
  | { readonly typename: 'Output'; readonly lineno: number; readonly children: readonly unknown[] }
  | {
      readonly typename: 'If';
      readonly cond: unknown;
      readonly body: unknown;
      readonly else_: unknown;
    };

type ParsedValue = { readonly typename: 'TemplateData'; readonly value: string } | { kind: string };

function statementsOf(parsed: unknown): Statement[] {
  if (parsed === null || parsed === undefined) return [];
  const node = parsed as ParsedNode;
  if ('kind' in node) return [node];
  switch (node.typename) {
    case 'Output':
      return node.children.map((child) => outputOf(child as ParsedValue, node.lineno + 1));
    case 'If':
      return [
        {
          kind: 'if',
          condition: node.cond as Extract<Statement, { kind: 'if' }>['condition'],
          body: statementsOf(node.body),
          otherwise: statementsOf(node.else_),
        },
      ];
    default:
      return node.children.flatMap(statementsOf);
  }
}

function outputOf(child: ParsedValue, line: number): Statement {
  if ('typename' in child) return { kind: 'text', text: child.value };
  return {
    kind: 'output',
    line,
    value: child as Extract<Statement, { kind: 'output' | 'do' }>['value'],
  };
}
