"""Every guard, what of it is cut out, and the one test that must then fail.

A text to be cut that is no longer there is a failure that says so: name its successor here.
"""

from dataclasses import dataclass

from tests.guards.cut import Cut

MIGRATION = "migrations/versions/*.py"


@dataclass(frozen=True, slots=True)
class Guard:
    """`test` is green with the guard and red without it."""

    name: str
    test: str
    cuts: tuple[Cut, ...]


def guard(name: str, test: str, *cut: str) -> Guard:
    """`cut` is (file, text, instead), once or more."""
    pieces = [Cut(*cut[start : start + 3]) for start in range(0, len(cut), 3)]
    return Guard(name, f"tests/{test}", tuple(pieces))


GUARDS = (
    # ------------------------------------------------------------------------------------------ one act, one text
    guard(
        "one act, one text: unique act_key",
        "services/test_last_lines.py::test_the_database_takes_one_text_for_one_act[sqlite]",
        *(MIGRATION, 'sa.UniqueConstraint("act_key", name=op.f("uq_message_act_key")),', ""),
    ),
    guard(
        "one first text a conversation and pass: unique index",
        "services/test_last_lines.py::test_the_database_takes_one_first_text_for_one_conversation_and_pass[sqlite]",
        *(MIGRATION, '"pass"],\n            unique=True', '"pass"],\n            unique=False'),
    ),
    guard(
        "the card's version is that of the press",
        "flows/test_volunteers.py::test_a_new_card_makes_the_old_one_out_of_date_but_keeps_what_was_typed[sqlite]",
        *("bot/services/texting.py", "return press.version != seen.version or ", "return "),
    ),
    guard(
        "a contact leaves the hand once: compare-and-set",
        "services/test_last_lines.py::test_a_contact_leaves_only_the_hand_that_holds_them[sqlite-gone]",
        *("bot/services/clicks.py", "        state_was(conversation, ConversationState.HELD),\n", ""),
    ),
    guard(
        "a typed line is one text",
        "flows/test_threads.py::test_an_event_that_slack_brings_twice_is_one_text[sqlite]",
        *(
            "bot/services/conversations.py",
            'if (before := (await session.execute(_OF_ACT, {"key": act_key})).first()) is not None:',
            "if (before := None):",
        ),
        *(MIGRATION, 'sa.UniqueConstraint("act_key", name=op.f("uq_message_act_key")),', ""),
    ),
    guard(
        "a held key sends one",
        "flows/test_faster.py::test_a_held_key_sends_one[sqlite]",
        *("handlers/faster.py", "if given.handed_out.follows_too_soon(now):", "if False:"),
    ),
    guard(
        "undo takes back only what waits",
        "flows/test_volunteers.py::test_undo_too_late_says_so_and_loses_nothing[sqlite]",
        *(
            "bot/services/texting.py",
            '        message.c.volunteer_id == bindparam("whose"),\n        state_was(message, MessageState.QUEUED),',
            '        message.c.volunteer_id == bindparam("whose"),',
        ),
    ),
    # ------------------------------------------------------------------------------------------ caps
    guard(
        "one campaign a person a day: compare-and-set",
        "services/test_interleavings.py::test_of_two_clicks_in_two_campaigns_at_one_moment_one_texts_the_person"
        "[postgresql]",
        *("bot/services/caps.py", 'free_at <= bindparam("at_click"', 'free_at >= bindparam("at_click"'),
    ),
    guard(
        "a click asks whether somebody was texted today",
        "flows/test_caps.py::test_a_press_that_comes_second_sends_nothing_keeps_its_words_and_the_card_goes_on[sqlite]",
        *("bot/services/texting.py", " or await caps.why_not_yet(session, seen, cards.name_of(seen), now)", ""),
    ),
    guard(
        "a card passes over who was texted today",
        "flows/test_caps.py::test_whom_one_campaign_has_texted_others_pass_over_until_the_next_day[sqlite]",
        *(
            "bot/services/cards.py",
            'bindparam("but"), caps.FREE)',
            'bindparam("but"))',
        ),
    ),
    guard(
        "one follow-up a day",
        "flows/test_caps.py::test_one_line_a_day_to_whoever_has_not_answered[sqlite]",
        *("bot/services/caps.py", "if len(more) < most:", "if True:"),
    ),
    # ------------------------------------------------------------------------------------------ the claim
    guard(
        "the claim asks again about an opt-out",
        "services/test_last_lines.py::test_a_claim_asks_again_whatever_its_look_saw[sqlite-_opts_out]",
        *(
            "bot/services/outbox.py",
            "~select(opt_out.c.phone_hash)",
            "~select(opt_out.c.phone_hash).where(opt_out.c.at.is_(None))",
        ),
    ),
    guard(
        "the claim asks again about a pause",
        "services/test_last_lines.py::test_a_claim_asks_again_whatever_its_look_saw[sqlite-_pauses]",
        *("bot/services/outbox.py", "state_is(campaign, CampaignState.PAUSED)", "campaign.c.id < 0"),
    ),
    guard(
        "the claim is a compare-and-set",
        "services/test_last_lines.py::test_a_claim_asks_again_whatever_its_look_saw[sqlite-_takes_back]",
        *("bot/services/outbox.py", "        state_was(message, MessageState.QUEUED),\n", ""),
    ),
    guard(
        "a claim waits for no opt-out or pause under way: lock",
        "services/test_last_lines.py::test_a_claim_passes_by_whoever_is_opting_out_or_pausing_at_this_moment"
        "[postgresql-_opts_out]",
        *("bot/services/outbox.py", "of=(message, person, campaign)", "of=(message, campaign)"),
    ),
    guard(
        "a claim waits for no pause under way: lock on the campaign",
        "services/test_last_lines.py::test_a_claim_passes_by_whoever_is_opting_out_or_pausing_at_this_moment"
        "[postgresql-_pauses]",
        *("bot/services/outbox.py", "of=(message, person, campaign)", "of=(message, person)"),
    ),
    guard(
        "nothing opted out is at the head of the queue",
        "flows/test_stopped_texts.py::test_a_text_that_comes_back_into_the_queue_after_a_stop_holds_up_nobody[sqlite]",
        *("bot/services/outbox.py", "        opt_out.c.phone_hash.is_(None),", "        #"),
    ),
    guard(
        "nothing is claimed after its window",
        "flows/test_queue.py::test_a_claim_itself_asks_about_the_window_and_the_shut_door[sqlite]",
        *("bot/services/outbox.py", '    & (message.c.expires_at > bindparam("now"))\n', ""),
    ),
    guard(
        "nothing is claimed while the door is shut",
        "flows/test_queue.py::test_a_claim_itself_asks_about_the_window_and_the_shut_door[sqlite]",
        *("bot/services/outbox.py", "if shared.tripped_until is not None", "if False and shared.tripped_until"),
    ),
    guard(
        "nothing is claimed above the pace",
        "flows/test_queue.py::test_texts_leave_at_the_carriers_pace_however_fast_they_are_clicked[sqlite]",
        *("bot/services/outbox.py", "        tokens -= row.segments\n", ""),
    ),
    # ------------------------------------------------------------------------------------------ the POST
    guard(
        "a POST starts within two seconds of its claim",
        "flows/test_stopped_texts.py::test_a_claim_that_has_grown_old_is_not_posted[sqlite]",
        *("handlers/sending.py", "if max(kit.stopwatch() - claimed_at, by_the_clock) > POST_WITHIN:", "if False:"),
    ),
    guard(
        "no POST after the window",
        "flows/test_queue.py::test_a_text_whose_window_closes_between_claim_and_post_stays[sqlite]",
        *("bot/gateways/sms.py", "        if valid < 1:", "        valid = max(valid, 1)\n        if False:"),
    ),
    guard(
        "an answer that proves nothing is never posted again",
        "flows/test_send_path.py::test_an_answer_that_proves_nothing_is_never_followed_by_a_second_post[sqlite-500]",
        *(
            "bot/gateways/sms.py",
            'return Outcome(message_id, Result.UNKNOWN, error=code, why=f"the carrier answered {status}")',
            "return Outcome(message_id, Result.LATER)",
        ),
    ),
    guard(
        "a broken line is never posted again",
        "flows/test_send_path.py::test_an_answer_that_proves_nothing_is_never_followed_by_a_second_post[sqlite-cut]",
        *(
            "bot/gateways/sms.py",
            "return Outcome(message_id, Result.UNKNOWN, why=type(error).__name__)",
            "return Outcome(message_id, Result.LATER)",
        ),
    ),
    guard(
        "five riddles shut the door",
        "flows/test_send_path.py::test_five_riddles_in_a_row_shut_the_door_until_the_carrier_answers_a_harmless_question"
        "[sqlite]",
        *("handlers/sending.py", " or doubts >= DOUBTS:", ":"),
    ),
    guard(
        "a carrier that refuses our account gets nothing more",
        "flows/test_send_path.py::test_a_carrier_that_refuses_our_account_stops_all_sending_until_it_knows_us_again"
        "[sqlite-401]",
        *("handlers/sending.py", "if outcome.result is Result.STOP or ", "if "),
    ),
    guard(
        "a claim whose lease has ended is UNKNOWN, not QUEUED",
        "flows/test_send_path.py::test_a_claim_whose_process_died_is_a_riddle_and_not_a_second_chance[sqlite]",
        *("bot/services/outcomes.py", "state=MessageState.UNKNOWN,", "state=MessageState.QUEUED,"),
    ),
    guard(
        "a claim is a lease",
        "services/test_last_lines.py::test_a_worker_that_is_slow_keeps_its_claim_until_its_lease_has_ended[sqlite]",
        *("bot/services/outcomes.py", ', message.c.lease_until < bindparam("now"))', ")"),
    ),
    guard(
        "who comes back after its lease puts nothing into the queue again",
        "services/test_last_lines.py::test_the_answer_to_a_claim_that_another_has_settled_sends_nothing_again[sqlite]",
        *("bot/services/outcomes.py", "if row is None or was not in before:", "if row is None:"),
    ),
    guard(
        "states only rise",
        "flows/test_send_path.py::test_whatever_order_the_callbacks_come_in_the_state_is_right_in_the_end"
        "[sqlite-after-reversed]",
        *("bot/services/outcomes.py", "if row is None or was not in before:", "if row is None:"),
    ),
    # ------------------------------------------------------------------------------------------ inbound
    guard(
        "a voter's text counts once: unique carrier id",
        "services/test_last_lines.py::test_the_database_takes_one_row_for_one_text_of_a_voters[sqlite]",
        *(MIGRATION, 'sa.UniqueConstraint("carrier_sid", name=op.f("uq_inbound_carrier_sid")),', ""),
        *("bot/services/inbound.py", " ON CONFLICT (carrier_sid) DO NOTHING", ""),
    ),
    guard(
        "an opt-out blocks what is queued",
        "flows/test_opt_outs.py::test_a_stop_while_the_text_waits_for_its_undo_is_obeyed[sqlite-STOP]",
        *("bot/services/optouts.py", ".values(state=MessageState.BLOCKED, ", ".values("),
    ),
    guard(
        "a click asks about an opt-out",
        "flows/test_faster.py::test_somebody_who_opted_out_meanwhile_is_not_texted[sqlite]",
        *("bot/services/rules.py", "if row.opted_out is not None:", "if False:"),
    ),
    guard(
        "doubtful words hold what waits",
        "flows/test_opt_outs.py::"
        "test_doubt_stops_what_waits_and_what_is_clicked_in_every_campaign_until_one_button[sqlite]",
        *("bot/services/inbound.py", "if meaning in (Verdict.OUT, Verdict.HELD):", "if meaning is Verdict.OUT:"),
    ),
    guard(
        "a card shows nobody who is held",
        "flows/test_opt_outs.py::test_somebody_held_in_one_campaign_keeps_their_place_in_another[sqlite]",
        *("bot/services/cards.py", "_HELD, opt_out.c.state.is_(None), conversation", "_HELD, conversation"),
    ),
    guard(
        "an organization's own keywords",
        "flows/test_opt_outs.py::test_an_organization_has_keywords_of_its_own[sqlite]",
        *("handlers/incoming.py", '"keywords": ours.opt_out_keywords', '"keywords": ()'),
    ),
    guard(
        "a STOP after START stays",
        "flows/test_inbox.py::test_a_stop_after_start_is_not_lifted_with_it[sqlite]",
        *("bot/services/inbox_numbers.py", "_LATER.c.id > _START.c.id", "_LATER.c.id < 0"),
    ),
    guard(
        "every number of a file's row is opted out",
        "flows/test_opt_out_files.py::test_every_number_of_a_file_is_never_texted_again[sqlite]",
        *("bot/services/opt_out_files.py", "for place in places if", "for place in places[:1] if"),
    ),
    guard(
        "a number that no campaign has is opted out by a file",
        "flows/test_opt_out_files.py::test_every_number_of_a_file_is_never_texted_again[sqlite]",
        *("bot/services/optouts.py", "    if new:\n", "    if False:\n"),
    ),
    guard(
        "abusive words are folded",
        "flows/test_opt_outs.py::test_an_abusive_reply_is_folded_until_somebody_wants_to_read_it[sqlite]",
        *(
            "bot/views/threads.py",
            "    if said.abusive:\n        return FOLDED",
            "    if False:\n        return FOLDED",
        ),
    ),
    # ------------------------------------------------------------------------------------------ signatures
    guard(
        "Slack's signature",
        "handlers/test_requests.py::test_what_slack_did_not_sign_is_answered_401_and_changes_nothing[sqlite]",
        *(
            "handlers/door.py",
            "return SignatureVerifier(signing_secret).is_valid(body, stamp, signature)",
            "return True",
        ),
    ),
    guard(
        "the age of Slack's timestamp",
        "handlers/test_requests.py::test_what_slack_did_not_sign_is_answered_401_and_changes_nothing[sqlite]",
        *(
            "handlers/door.py",
            "SignatureVerifier(signing_secret).is_valid(body, stamp, signature)",
            "SignatureVerifier(signing_secret).generate_signature(timestamp=stamp, body=body) == signature",
        ),
    ),
    guard(
        "the carrier's signature",
        "handlers/test_requests.py::test_voters_texts_come_in_signed_and_whole_or_not_at_all[sqlite]",
        *("handlers/twilio.py", "if not self._kit.sms.is_signed(", "if False and not self._kit.sms.is_signed("),
    ),
    guard(
        "the mark of a status hook: HMAC",
        "handlers/test_requests.py::test_delivery_states_come_in_signed_and_marked_or_not_at_all[sqlite]",
        *("handlers/twilio.py", " or not self._kit.sms.is_our_mark(int(number), mark)", ""),
    ),
    guard(
        "the mark of a picture's address: HMAC",
        "flows/test_pictures.py::test_the_picture_stands_under_an_address_that_nobody_can_guess[sqlite]",
        *("handlers/pictures.py", " if pictures.is_ours(self._kit.settings, name, mark) else None", ""),
    ),
    guard(
        "what is too large is turned away",
        "handlers/test_requests.py::test_what_is_too_large_is_turned_away_however_it_comes[sqlite]",
        *("handlers/door.py", "if max(size, declared) > LARGEST:", "if False:"),
    ),
    # ------------------------------------------------------------------------------------------ who may
    guard(
        "only one's own contacts",
        "services/test_last_lines.py::test_a_contact_leaves_only_the_hand_that_holds_them[sqlite-elsewhere]",
        *("bot/services/clicks.py", '        conversation.c.volunteer_id == bindparam("whose"),\n', ""),
    ),
    guard(
        "only one's own conversations",
        "flows/test_pictures.py::test_only_the_conversations_volunteer_may_look[sqlite]",
        *("bot/services/conversations.py", " or (found.volunteer_id or found.created_by) != by:", ":"),
    ),
    guard(
        "a command is for its role",
        "flows/test_roles.py::test_a_command_beyond_ones_role_is_refused_and_noted[sqlite-volunteer-may_not1]",
        *("handlers/requests.py", "if role in volunteers.MAY[given]:", "if True:"),
    ),
    guard(
        "a suspended volunteer texts nobody: card",
        "flows/test_roles.py::test_somebody_suspended_texts_nobody_any_more[sqlite]",
        *("bot/services/cards.py", "if seen.role == Role.NONE:", "if False:"),
    ),
    guard(
        "a suspended volunteer texts nobody: threads",
        "flows/test_roles.py::test_somebody_suspended_texts_nobody_any_more[sqlite]",
        *("bot/services/conversations.py", "    await volunteers.check_not_suspended(session, by)\n", ""),
    ),
    # ------------------------------------------------------------------------------------------ hostile words
    guard(
        "formulas on export",
        "flows/test_exports.py::test_nothing_in_a_file_is_carried_out_by_a_spreadsheet[sqlite]",
        *("bot/services/spreadsheets.py", "if inside.startswith(_SIGNS) else inside", "if False else inside"),
    ),
    guard(
        "formulas among cells of the file",
        "services/test_contacts.py::test_rejected_rows_come_back_as_they_were_and_run_nothing[sqlite]",
        *("bot/services/spreadsheets.py", "if _RUNS.match(inside) else inside", "if False else inside"),
    ),
    guard(
        "a script has names, not code",
        "services/test_scripts.py::test_a_script_that_cannot_work_is_refused_in_plain_words"
        "[Hi {x.__class__}-{x.__class__} is not the name of a field]",
        *("bot/services/scripts.py", "    if not _NAME.match(name):\n", "    if False:\n"),
    ),
    guard(
        "other people's words are escaped",
        "hostile/test_words.py::test_nobody_is_pinged_and_nothing_is_a_link_whoever_wrote_it[sqlite]",
        *(
            "bot/views/text.py",
            '.replace("<", "&lt;").replace(">", "&gt;")\n    return _UNSEEN',
            "\n    return _UNSEEN",
        ),
    ),
    guard(
        "a bare @channel pings nobody",
        "hostile/test_words.py::test_nobody_is_pinged_and_nothing_is_a_link_whoever_wrote_it[sqlite]",
        *("bot/views/text.py", '_PING.sub(f"@{_JOINT}", safe) if "@" in safe else safe', "safe"),
    ),
    guard(
        "what a statement was given is not logged",
        "hostile/test_logs.py::test_a_busy_day_with_trouble_leaves_nothing_private_in_the_logs[sqlite]",
        *("bot/sqlite.py", "hide_parameters=True,", ""),
    ),
    guard(
        "the row that PostgreSQL stumbled over is not logged",
        "hostile/test_logs.py::test_a_busy_day_with_trouble_leaves_nothing_private_in_the_logs[postgresql]",
        *("bot/database.py", 'event.listen(engine.sync_engine, "handle_error", _on_error)', "pass"),
    ),
    guard(
        "a voter's picture comes from the carrier alone",
        "flows/test_pictures.py::test_what_is_no_picture_of_the_carriers_is_refused_in_words[sqlite-another host]",
        *(
            "bot/gateways/sms.py",
            "        raise _ELSEWHERE\n\n    def _kept_at",
            "        return url\n\n    def _kept_at",
        ),
    ),
    guard(
        "no redirect leads elsewhere",
        "flows/test_pictures.py::test_a_redirect_to_another_host_is_not_followed[sqlite]",
        *(
            "bot/gateways/sms.py",
            "        raise _ELSEWHERE\n\n    def status_address",
            "        return url\n\n    def status_address",
        ),
    ),
    # ------------------------------------------------------------------------------------------ money
    guard(
        "a budget pauses with the text that reaches it",
        "flows/test_money.py::test_a_campaign_pauses_when_its_budget_is_spent_and_goes_on_when_it_is_raised[sqlite]",
        *("bot/services/alarms.py", "await spending.stop(", "0 and await spending.stop("),
    ),
    guard(
        "a budget that was just raised pauses nothing",
        "flows/test_money.py::test_a_budget_that_is_raised_in_this_very_moment_pauses_nothing[sqlite]",
        *("bot/services/spending.py", "    if locked.rowcount != 1:", "    if False:"),
    ),
    guard(
        "a spent budget is not resumed",
        "flows/test_money.py::test_a_campaign_pauses_when_its_budget_is_spent_and_goes_on_when_it_is_raised[sqlite]",
        *(
            "bot/services/spending.py",
            "        if _is_spent(row, prices):\n            raise",
            "        if False:\n            raise",
        ),
    ),
    guard(
        "what waits ends the handing out",
        "flows/test_money.py::test_nobody_is_handed_out_while_what_waits_comes_to_the_budget[sqlite]",
        *("bot/services/cards.py", " or row.budget_spoken_for_at is not None", ""),
    ),
    guard(
        "a text that is proved late reaches the budget too",
        "flows/test_money.py::test_a_text_in_doubt_costs_once_it_is_proved[sqlite-list]",
        *(
            "handlers/carrier_list.py",
            "outcomes.delivered(session, found, now=now)\n                await alarms.follow(",
            "outcomes.delivered(session, found, now=now)\n                0 and await alarms.follow(",
        ),
    ),
    guard(
        "a text that a status call proves reaches the budget too",
        "flows/test_money.py::test_a_text_in_doubt_costs_once_it_is_proved[sqlite-call]",
        *("handlers/twilio.py", "await alarms.follow(", "0 and await alarms.follow("),
    ),
    guard(
        "a budget that is lowered pauses too",
        "flows/test_money.py::test_most_of_a_budget_is_told_once[sqlite]",
        *("handlers/sending.py", "await spending.look(", "0 and await spending.look("),
    ),
    guard(
        "what the carrier turns away costs nothing",
        "flows/test_money.py::test_a_text_that_the_carrier_turns_away_costs_nothing[sqlite]",
        *("bot/services/outcomes.py", "now=now, n=n * units)", "now=now, n=units)"),
    ),
    guard(
        "the doctor texts nobody who has opted out",
        "flows/test_live.py::test_only_an_admin_measures_and_nobody_who_opted_out_is_texted[sqlite]",
        *("handlers/live.py", "        if await optouts.is_out(", "        if False and await optouts.is_out("),
    ),
    guard(
        "what the doctor texts is no sign of a restore",
        "flows/test_live.py::test_a_text_that_stays_in_the_carriers_log_is_no_sign_of_a_restore[sqlite]",
        *(
            "bot/services/carrier_log.py",
            "{*await _known(session, lacking), *await measured.sids(session)}",
            "await _known(session, lacking)",
        ),
    ),
    # ------------------------------------------------------------------------------------------ leases
    guard(
        "one writer to Slack",
        "flows/test_posting.py::test_a_slow_post_is_not_made_again_by_another_writer[sqlite]",
        *(
            "bot/services/leases.py",
            'WHERE lease.owner = excluded.owner OR lease.until < :now"',
            'WHERE :now = :now"',
        ),
    ),
    guard(
        "one digest a local date",
        "services/test_digests.py::test_the_run_of_a_date_alone_keeps_it_from_being_posted_twice[sqlite]",
        *("bot/services/digests.py", "if (await session.execute(_RUN, run)).first() is None:", "if False:"),
    ),
    guard(
        "an import's lease",
        "services/test_contacts.py::test_who_lost_the_lease_changes_nothing_any_more[sqlite]",
        *("bot/services/contacts.py", " AND lease_owner = :owner AND state = 'staging' AND next_row", " AND next_row"),
    ),
)
