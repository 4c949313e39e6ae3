"""
What filters and functions of templates do, each with an example and what it gives: for the page that tries them.

The rule: each example renders as it stands here, or says nothing of what it gives.
"""

from typing import Final, NamedTuple


class Help(NamedTuple):
    """`gives` is null where that depends on the time, on chance or on what is stored."""

    does: str
    example: str
    gives: str | None


FILTERS: Final[dict[str, Help]] = {
    "abbreviate": Help("Cut a text, with dots at its end", "{{ 'a long sentence' | abbreviate(9) }}", "a long..."),
    "abs": Help("A number without its sign", "{{ -7 | abs }}", "7"),
    "base64decode": Help("Read Base64", "{{ 'aGk=' | base64decode }}", "hi"),
    "base64encode": Help("Write Base64", "{{ 'hi' | base64encode }}", "aGk="),
    "capitalize": Help("The first letter in upper case", "{{ 'flow' | capitalize }}", "Flow"),
    "chunk": Help("Pieces of a list", "{{ [1, 2, 3] | chunk(2) | toJson }}", "[[1,2],[3]]"),
    "className": Help("The type of a value", "{{ 1 | className }}", None),
    "date": Help("A date in another form", "{{ '2026-11-24T10:15:00Z' | date('yyyy/MM/dd') }}", "2026/11/24"),
    "dateAdd": Help("A date later, or earlier", "{{ '2026-11-24T10:15:00Z' | dateAdd(-1, 'DAYS') }}", None),
    "default": Help("Another value instead of none", "{{ null | default('none') }}", "none"),
    "endsWith": Help("Whether a text ends so", "{{ 'a.csv' | endsWith('.csv') }}", "true"),
    "escapeChar": Help("Quote signs in a text", "{{ \"it's\" | escapeChar('single') }}", "it\\'s"),
    "first": Help("The first item", "{{ ['a', 'b'] | first }}", "a"),
    "flatten": Help("Lists in lists as one", "{{ [[1], [2, 3]] | flatten | toJson }}", "[1,2,3]"),
    "indent": Help("Spaces before all lines but the first", "{{ 'a\nb' | indent(2) }}", "a\n  b"),
    "join": Help("A list as one text", "{{ ['a', 'b'] | join(', ') }}", "a, b"),
    "jq": Help("Query JSON; gives a list", "{{ {'a': [1, 2]} | jq('.a[1]') | first }}", "2"),
    "json": Help("Older name of toJson", "{{ {'a': 1} | json }}", '{"a":1}'),
    "keys": Help("The names in a map", "{{ {'a': 1, 'b': 2} | keys | toJson }}", '["a","b"]'),
    "last": Help("The last item", "{{ ['a', 'b'] | last }}", "b"),
    "length": Help("How many items, or characters", "{{ [1, 2, 3] | length }}", "3"),
    "lower": Help("In lower case", "{{ 'FLOW' | lower }}", "flow"),
    "md5": Help("A digest as hexadecimal text", "{{ 'hi' | md5 }}", "49f68a5c8493ec2c0bf489821c21fc3b"),
    "merge": Help("Two lists, or two maps, as one", "{{ [1] | merge([2]) | toJson }}", "[1,2]"),
    "nindent": Help("A new line, then spaces before all lines", "{{ 'a' | nindent(2) }}", "\n  a"),
    "number": Help("A text as a number", "{{ ('7' | number) + 1 }}", "8"),
    "numberFormat": Help("A number in another form", "{{ 3.14159 | numberFormat('#.##') }}", "3.14"),
    "replace": Help("Other pieces of text", "{{ 'a-b' | replace({'-': '+'}) }}", "a+b"),
    "reverse": Help("The other way round", "{{ [1, 2] | reverse | toJson }}", "[2,1]"),
    "rsort": Help("In descending order", "{{ [1, 3, 2] | rsort | toJson }}", "[3,2,1]"),
    "sha1": Help("A digest as hexadecimal text", "{{ 'hi' | sha1 }}", None),
    "sha256": Help("A digest as hexadecimal text", "{{ 'hi' | sha256 }}", None),
    "sha512": Help("A digest as hexadecimal text", "{{ 'hi' | sha512 }}", None),
    "slice": Help("A part of a text or list", "{{ 'abcdef' | slice(1, 3) }}", "bc"),
    "slugify": Help("A text as a part of an address", "{{ 'Héllo World' | slugify }}", "hello-world"),
    "sort": Help("In order", "{{ [3, 1, 2] | sort | toJson }}", "[1,2,3]"),
    "split": Help("A text in pieces", "{{ 'a,b' | split(',') | toJson }}", '["a","b"]'),
    "startsWith": Help("Whether a text begins so", "{{ 'a.csv' | startsWith('a') }}", "true"),
    "substringAfter": Help("What follows the first separator", "{{ 'a.b.c' | substringAfter('.') }}", "b.c"),
    "substringAfterLast": Help("What follows the last separator", "{{ 'a.b.c' | substringAfterLast('.') }}", "c"),
    "substringBefore": Help("What stands before the first separator", "{{ 'a.b.c' | substringBefore('.') }}", "a"),
    "substringBeforeLast": Help("What stands before the last one", "{{ 'a.b.c' | substringBeforeLast('.') }}", "a.b"),
    "timestamp": Help("A date as seconds since 1970", "{{ '2026-11-24T10:15:00Z' | timestamp }}", "1795515300"),
    "timestampMicro": Help("The same as timestampNano", "{{ '2026-11-24T10:15:00Z' | timestampMicro }}", None),
    "timestampNano": Help("A date as nanoseconds since 1970", "{{ '2026-11-24T10:15:00Z' | timestampNano }}", None),
    "title": Help("Each word begins in upper case", "{{ 'a long day' | title }}", "A Long Day"),
    "toIon": Help("As Ion text", "{{ {'a': 1} | toIon }}", None),
    "toJson": Help("As JSON text", "{{ {'a': 1} | toJson }}", '{"a":1}'),
    "trim": Help("Without space at both ends", "{{ '  a ' | trim }}", "a"),
    "upper": Help("In upper case", "{{ 'flow' | upper }}", "FLOW"),
    "urldecode": Help("Read what addresses escape", "{{ 'a%20b' | urldecode }}", "a b"),
    "urlencode": Help("Escape for addresses", "{{ 'a&b' | urlencode }}", "a%26b"),
    "values": Help("The values in a map", "{{ {'a': 1, 'b': 2} | values | toJson }}", "[1,2]"),
    "yaml": Help("As YAML text", "{{ {'a': 1} | yaml }}", None),
}

FUNCTIONS: Final[dict[str, Help]] = {
    "block": Help("A block of the template once more", "{% block a %}x{% endblock %}{{ block('a') }}", "xx"),
    "currentEachOutput": Help(
        "The output of a task in this very iteration", "{{ currentEachOutput(outputs.load).value }}", None
    ),
    "decrypt": Help("Read what encrypt wrote", "{{ decrypt('a key of 32 bytes in Base64', 'text') }}", None),
    "encrypt": Help("Encrypt a text", "{{ encrypt('a key of 32 bytes in Base64', 'text') }}", None),
    "errorLogs": Help("The error lines of the execution so far", "{{ errorLogs() }}", None),
    "fetchContext": Help("All variables", "{{ fetchContext() }}", None),
    "fileSize": Help("The size of a file in bytes", "{{ fileSize(outputs.load.uri) }}", None),
    "fileURI": Help("The address of a file of the namespace", "{{ fileURI('readme.md') }}", None),
    "fromIon": Help("Read Ion", "{{ fromIon('{a: 1}').a }}", "1"),
    "fromJson": Help("Read JSON", "{{ fromJson('{\"a\": 1}').a }}", "1"),
    "id": Help("A new short id", "{{ id() }}", None),
    "json": Help("Older name of fromJson", "{{ json('[1, 2]')[1] }}", "2"),
    "kv": Help("A value of the namespace's key-value pairs", "{{ kv('region') }}", None),
    "max": Help("The greatest of its arguments", "{{ max(1, 3, 2) }}", "3"),
    "min": Help("The least of its arguments", "{{ min(1, 3, 2) }}", "1"),
    "now": Help("The time now", "{{ now() }}", None),
    "printContext": Help("All variables as text", "{{ printContext() }}", None),
    "randomInt": Help("A random number from lower up to, not with, upper", "{{ randomInt(lower=1, upper=7) }}", None),
    "range": Help("Numbers one after another", "{{ range(1, 3) | toJson }}", "[1,2,3]"),
    "read": Help("The text of a file", "{{ read('readme.md') }}", None),
    "render": Help("Render a text that is a template itself", "{{ render(vars.greeting) }}", None),
    "renderOnce": Help("The same, but what it gives is not rendered again", "{{ renderOnce(vars.greeting) }}", None),
    "secret": Help("A secret; it is masked in logs", "{{ secret('API_KEY') }}", None),
    "uuid": Help("A new UUID", "{{ uuid() }}", None),
    "yaml": Help("Read YAML", "{{ yaml('a: 1').a }}", "1"),
}
