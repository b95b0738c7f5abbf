# What the shell calls: a function and its arguments; its answer is printed.
function called(f, a, b, c, d) {
    if (f == "part") return part(a, b)
    if (f == "learnt") return learnt()
    if (f == "identified") return identified(a, b)
    if (f == "chosen") return chosen(a, b, c)
    if (f == "looked_up") return looked_up(a, b)
    if (f == "looks_like_identity") return looks_like_identity(a)
    if (f == "result_of_call") return result_of_call()
    if (f == "whose") return whose(a, b)
    if (f == "picked") return picked(a)
    if (f == "told") return told(a)
    if (f == "passing") return passing()
    if (f == "same_one") return same_one(a)
    if (f == "content_as_text") return quoted(V[answer_text()])
    if (f == "marked") return marked(a)
    if (f == "changes_of") return changes_of(a, b)
    if (f == "with_page") return with_page()
    if (f == "output_of_step") return output_of_step(a)
    if (f == "copy_inputs") return copy_inputs(a, b)
    if (f == "another_identity") return another_identity(a)
    if (f == "sameness") return sameness(a)
    if (f == "shown_value") return shown_value(a)
    if (f == "given_file") return given_file(a)
    return generated(f)
}

BEGIN { start(); name_secrets(); print called(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]) }
