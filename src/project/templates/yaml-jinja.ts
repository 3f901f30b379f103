import { BeltError } from '../../errors.js';
import type { Jinja } from '../../jinja/jinja.js';
import { isMap, type RenderYaml } from '../reading/yaml-file.js';

/** Values that dbt leaves as they stand, or renders later: texts for people, SQL, tests and hooks. */
const LEFT_ALONE =
  /^\+?(description|where|tests|data_tests|unit_tests|(pre|post)[-_]hook|on-run-.*)$/;

export function yamlRenderer(jinja: Jinja, context: Readonly<Record<string, unknown>>): RenderYaml {
  const render: RenderYaml = (value, place) => {
    if (typeof value === 'string') {
      return /\{\{|\{%/.test(value) ? renderText(value, place) : value;
    }
    if (Array.isArray(value)) return value.map((item: unknown) => render(item, place));
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        LEFT_ALONE.test(key) ? item : render(item, place),
      ]),
    );
  };
  const renderText = (text: string, place: { file: string; line: number }): unknown => {
    try {
      return jinja.compile(place.file, text).evaluate(context);
    } catch (error) {
      if (!(error instanceof BeltError)) throw error;
      throw error.location.file === place.file ? error.at(place) : error;
    }
  };
  return render;
}
