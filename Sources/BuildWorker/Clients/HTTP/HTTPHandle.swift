internal import CCurl
internal import Foundation
internal import FoundationNetworking
internal import Support

/// One of libcurl's easy handles, for one request. Belongs to the engine's thread.
///
/// Not used again: libcurl 7.88 keeps a pointer to the last answer's last header when it frees the headers, and a folded line at the start of
/// the next answer's makes it write there (mended in 8.7.0). Connections and names are kept by the multi handle, so a new one costs little.
final class HTTPHandle {
    let easy: UnsafeMutableRawPointer
    /// Why it cannot be used; `nil`: it can.
    package let problem: CURLcode?
    private let headers: UnsafeMutablePointer<curl_slist>?
    /// What libcurl was given and points into.
    private let files: [PEMFile.Content]
    /// libcurl's own words for what went wrong. It writes here as long as the handle exists.
    private let words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    /// - Parameters:
    ///   - transfer: must live until it has ended.
    ///   - streams: the connections of streams.
    /// - Returns: `nil` where there is no memory.
    init?(_ transfer: HTTPTransfer, streams: UnsafeMutableRawPointer) {
        guard let easy = curl_easy_init() else {
            self.words.deallocate()
            return nil
        }
        self.easy = easy
        let words = self.words
        words[0] = 0
        let (service, options, request) = (transfer.service, transfer.service.options, transfer.request)
        var code = CURLE_OK
        func must(_ result: CURLcode) { if code == CURLE_OK { code = result } }
        must(ccurl_set_error_buffer(easy, words))
        must(
            ccurl_set_receivers(
                easy, Self.receiveHeader, Self.receiveBody, Unmanaged.passUnretained(transfer).toOpaque()))
        must(ccurl_set_sockets(easy, service.hooks))

        must(ccurl_set_string(easy, CURLOPT_URL, request.url?.absoluteString))
        // An empty one is a body, too, so it has an address.
        must(
            request.httpBody.map { body in
                body.withUnsafeBytes { ccurl_set_body(easy, $0.baseAddress ?? UnsafeRawPointer(words), $0.count) }
            }
                ?? ccurl_set_body(easy, nil, 0))
        must(ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, request.httpMethod))
        var list: UnsafeMutablePointer<curl_slist>?
        func add(_ header: String) {
            guard let longer = curl_slist_append(list, header) else { return must(CURLE_OUT_OF_MEMORY) }
            list = longer
        }
        for (name, value) in request.allHTTPHeaderFields ?? [:] { add("\(name): \(value)") }
        // Without a value: libcurl would add its own.
        add("Accept-Encoding:")
        add("Expect:")
        self.headers = list
        must(ccurl_set_list(easy, CURLOPT_HTTPHEADER, list))
        must(ccurl_set_string(easy, CURLOPT_USERAGENT, Self.userAgent))
        // Decoded where a server encodes unasked.
        must(ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate"))

        // No credentials but those of the headers, nothing but HTTP, and no redirects, cookies or files of the user's: libcurl does not
        // follow, keep or read them unless told to.
        must(ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1))
        must(ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https"))
        must(ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1))
        // A name server that does not answer would hold the thread when a request is given up.
        must(ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1))
        must(ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, options.limits.connect.milliseconds))
        // Empty: none, whatever the environment says. So is the list of who is reached without it.
        must(ccurl_set_string(easy, CURLOPT_PROXY, options.proxy?.exposed ?? ""))
        must(ccurl_set_string(easy, CURLOPT_NOPROXY, ""))
        must(ccurl_set_long(easy, CURLOPT_PROXY_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        must(ccurl_set_string(easy, CURLOPT_PROXY_CAPATH, nil))
        must(ccurl_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1))

        must(ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)))
        // The system's authorities are parsed once and kept, but only where they come from one file.
        must(ccurl_set_string(easy, CURLOPT_CAPATH, nil))
        // A stream has a connection of its own: where its reader is slow, libcurl 7.88 holds up all that share it. And kept among the others it would
        // tell libcurl that the server does not speak HTTP/2.
        if transfer.isStream { must(ccurl_set_share(easy, streams)) }
        if options.isMultiplexed, !transfer.isStream {
            must(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)))
            must(ccurl_set_long(easy, CURLOPT_PIPEWAIT, 1))
        } else {
            must(ccurl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)))
        }
        var files: [PEMFile.Content] = []
        func set(_ option: CURLoption, _ file: PEMFile?) {
            guard let file else { return }
            guard let content = file.current() else { return must(CURLE_SSL_CACERT_BADFILE) }
            files.append(content)
            must(ccurl_set_blob(easy, option, content.bytes.baseAddress, content.bytes.count))
        }
        set(CURLOPT_CAINFO_BLOB, options.authorities)
        set(CURLOPT_SSLCERT_BLOB, options.certificate)
        set(CURLOPT_SSLKEY_BLOB, options.key)
        self.files = files
        self.problem = code == CURLE_OK ? nil : code
    }

    deinit {
        curl_easy_cleanup(self.easy)
        curl_slist_free_all(self.headers)
        self.words.deallocate()
    }

    private static let userAgent = "\(Product.name)/\(Product.version)"

    private static let receiveHeader: ccurl_bytes = { bytes, one, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        let line = UnsafeRawBufferPointer(start: bytes, count: one * count)
        return transfer.receive(header: line) ? line.count : 0
    }

    private static let receiveBody: ccurl_bytes = { bytes, one, count, context in
        guard let bytes, let context else { return 0 }
        switch Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue().receive(
            body: UnsafeRawBufferPointer(start: bytes, count: one * count))
        {
        case .taken: return one * count
        case .pause: return Int(CURL_WRITEFUNC_PAUSE)
        case .end: return 0
        }
    }

    // MARK: What libcurl knows afterwards

    /// What the answer says its body will have; 0 where it does not say.
    var promisedBytes: Int { max(0, Int(ccurl_info_offset(self.easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))) }
    var errorWords: String { String(cString: self.words) }
    var systemError: Int32 { Int32(truncatingIfNeeded: ccurl_info_long(self.easy, CURLINFO_OS_ERRNO)) }
    /// What a proxy said to a tunnel through it; 0: nothing.
    var proxyStatus: Int { ccurl_info_long(self.easy, CURLINFO_HTTP_CONNECTCODE) }
    var isConnected: Bool { ccurl_info_offset(self.easy, CURLINFO_PRETRANSFER_TIME_T) > 0 }

    var measurements: HTTPMeasurements {
        func time(_ info: CURLINFO) -> Duration { .microseconds(ccurl_info_offset(self.easy, info)) }
        let opened = ccurl_info_long(self.easy, CURLINFO_NUM_CONNECTS)
        let (connected, secured) = (time(CURLINFO_CONNECT_TIME_T), time(CURLINFO_APPCONNECT_TIME_T))
        return HTTPMeasurements(
            connectionsOpened: opened, connect: opened > 0 && connected > .zero ? connected : nil,
            handshake: opened > 0 && secured > connected ? secured - connected : nil,
            bytesSent: ccurl_info_long(self.easy, CURLINFO_REQUEST_SIZE)
                + Int(ccurl_info_offset(self.easy, CURLINFO_SIZE_UPLOAD_T)),
            bytesReceived: ccurl_info_long(self.easy, CURLINFO_HEADER_SIZE)
                + Int(ccurl_info_offset(self.easy, CURLINFO_SIZE_DOWNLOAD_T)))
    }
}

extension Duration {
    /// Rounded up, as a deadline is.
    var milliseconds: Int {
        let (seconds, attoseconds) = self.components
        return Int(clamping: seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
