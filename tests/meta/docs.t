#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `make docs` builds the manual, and refuses one with names or code that do not exist.
# shellcheck disable=SC2016,SC2317 # backquotes are for Sphinx; check calls the functions
set -euo pipefail
. "$(dirname "$0")/lint-tree.sh"

docs() {
	make -C "$tree" docs DOCS_OUT="$scratch/docs" DOCS_VERSIONS="$(<VERSION) 0.0.9"
}

# links PAGE ADDRESS: the page has a link to there.
links() {
	grep -F "href=\"$2\"" "$scratch/docs/html/$1"
}

# Of what a page loads, and not what it links to.
loads_only_itself() {
	! grep -rE '(src|<link[^>]* href)="(https?:)?//' "$scratch/docs/html" --include='*.html' &&
		! grep -rE '(@import +|url\()["'\'']?((https?:)?//|/)' "$scratch/docs/html" --include='*.css'
}

# shows PAGE TEXT: the page has the text, which HTML may have cut into pieces.
shows() {
	sed 's/<[^>]*>//g' "$scratch/docs/html/$1" | grep -F -- "$2"
}

# refuses TEXT: with stdin appended to the start page, the build fails and says TEXT.
refuses() {
	cp "$tree/docs/index.rst" "$scratch/index.rst"
	{ echo && cat; } >>"$tree/docs/index.rst"
	check "$2" says "$1" docs
	cp "$scratch/index.rst" "$tree/docs/index.rst"
}

check "the manual builds" docs
check "a function has its contract" shows api/walk.html 'bool xmmu_walk_next(struct xmmu_walk'
check "a function has its context" shows api/walk.html 'Context:'
check "a group has code of a driver that compiles" shows api/walk.html 'xmmu_walk_init(&amp;walk'
check "a sample has its code" shows samples/skeleton.html 'static void skeleton_zap'
check "the tutorial has its race" shows tutorial/index.html 'discard: stale access: '
check "the tutorial has what comes of the repair" shows tutorial/index.html 'bound 3'
check "an entry of the API names the samples that use it" links api/xfer.html ../samples/edu.html
check "and a sample the API that it uses" links samples/edu.html ../api/xfer.html#c.xmmu_xfer_begin
check "a second version is in the menu" links api/walk.html ../../0.0.9/index.html
check "the dark colours are there" grep prefers-color-scheme "$scratch/docs/html/_static/styles/furo.css"
check "nothing is loaded from elsewhere" loads_only_itself
check "decisions are in the manual" shows decisions.html 'Decisions'

refuses 'xmmu_no_such_function' "a function that does not exist" <<<':c:func:`xmmu_no_such_function`'
refuses 'start-at pattern not found' "code that is not there any more" <<'END'
.. literalinclude:: ../templates/minimal/main.c
   :start-at: no such line
END
refuses 'no_such_page' "a page that does not exist" <<<':doc:`no_such_page`'
check "a manual that is not built is not served" says "'make docs' builds it" \
	make docs-serve DOCS_OUT="$scratch/none"
check "what is no port is named" says "PORT=http is no port" make docs-serve PORT=http
finish
